"""Distillation: a teacher's probabilities for texts without labels, which a student learns from.

After Hinton et al. 2015 and, for a BiLSTM that learns from BERT, Tang et al. 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.progress import progress_bar
from wordgraft.data.labels import Labels
from wordgraft.errors import DataError, TrainingError
from wordgraft.training.examples import ROUNDING

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# Between two steps of the progress bar.
_TEXTS_AT_ONCE = 512


def checked_teacher(teacher: Any, labels: Labels) -> Any:
    """A teacher that fits the labels. Raises `TrainingError` for one that does not."""
    if isinstance(teacher, type) or not callable(getattr(teacher, "predict_proba", None)):
        raise TrainingError(
            f"teacher is {teacher!r:.80}, expected a fitted classifier of texts with classes_ and "
            "predict_proba, or the folder of a saved TextClassifier"
        )
    known = _classes_of(teacher)
    if getattr(teacher, "multilabel_", False) != labels.multi:
        kinds = ("one label", "any number of labels")
        raise TrainingError(
            f"the teacher gives a text {kinds[not labels.multi]}, y {kinds[labels.multi]}; train "
            "both on labels of the same form"
        )
    if known != labels.classes.tolist():
        raise TrainingError(
            f"the teacher's classes are {known!r:.200}, those of y are "
            f"{labels.classes.tolist()!r:.200}; train both on the same labels"
        )
    return teacher


def probabilities_of(
    teacher: Any, texts: Sequence[str], *, progress: bool = False
) -> Float32[ndarray, "texts classes"]:
    """The teacher's probability of each class of each text.

    Raises `TrainingError` for values that are not probabilities.
    """
    parts = []
    with progress_bar("running the teacher", len(texts), show=progress) as advance:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            parts.append(_probabilities(teacher, texts[start : start + _TEXTS_AT_ONCE]))
            advance(len(parts[-1]))
    return np.concatenate(parts)


def softened(targets: ndarray, soft_labels: Any, labels: Labels) -> Float32[ndarray, "texts k"]:
    """The mean of the labels and of another model's probabilities for the same texts.

    Raises `DataError` for anything but a probability of each class of each text.
    """
    certain = labels.certain(targets)
    try:
        soft = np.asarray(soft_labels, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"soft_labels hold values that are not numbers ({error!s:.120})") from error
    if soft.shape != certain.shape:
        raise DataError(
            f"soft_labels have shape {soft.shape}, expected {certain.shape}: a probability of each "
            f"of the classes {labels.classes.tolist()!r:.200}, in this order, of each text"
        )
    if not ((soft >= 0) & (soft <= 1)).all():  # NaN is neither
        raise DataError("soft_labels hold values that are not from 0 to 1, expected probabilities")
    sums = soft.sum(axis=1)
    if not labels.multi and (np.abs(sums - 1) > ROUNDING).any():
        worst = int(np.abs(sums - 1).argmax())
        raise DataError(
            f"the soft labels of text {worst:,} add up to {sums[worst]:.3f}, expected 1: the "
            "probabilities of classes of which each text has one"
        )
    return np.asarray((certain + soft) / 2, np.float32)


def _probabilities(teacher: Any, texts: Sequence[str]) -> Float32[ndarray, "texts classes"]:
    not_fitted = require("sklearn.exceptions", purpose="a teacher").NotFittedError
    try:
        values = np.asarray(teacher.predict_proba(list(texts)), np.float32)
    except not_fitted as error:
        raise _not_fitted(teacher) from error
    expected = (len(texts), len(_classes_of(teacher)))
    if values.shape != expected:
        raise TrainingError(
            f"the teacher's predict_proba gave an array of {values.shape} for {len(texts):,} "
            f"texts, expected {expected}; one probability for each class and text"
        )
    if not ((values >= 0) & (values <= 1)).all():  # NaN is neither
        raise TrainingError(
            "the teacher's predict_proba gave values that are not from 0 to 1, expected "
            "probabilities: look at its predictions, or train it again"
        )
    return values


def _classes_of(teacher: Any) -> list[Any]:
    try:
        values: list[Any] = np.asarray(teacher.classes_).tolist()
    except AttributeError as error:
        raise _not_fitted(teacher) from error
    return values


def _not_fitted(teacher: Any) -> TrainingError:
    return TrainingError(
        f"the teacher, a {type(teacher).__name__}, is not fitted; scikit-learn's clone makes it "
        "so: give its folder, or wrap it in sklearn.frozen.FrozenEstimator"
    )
