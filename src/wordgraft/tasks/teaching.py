"""A teacher's answers on texts that have no label, for a small network to learn from.

After Hinton et al. 2015 and, for a BiLSTM that learns from BERT, Tang et al. 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.errors import TrainingError
from wordgraft.extras import require
from wordgraft.tasks.labels import Labels

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


def checked_teacher(teacher: Any, labels: Labels) -> Any:
    """The teacher, opened if it is a folder. Raises `TrainingError` where it cannot teach."""
    if isinstance(teacher, str | Path):
        from wordgraft.tasks.classify import TextClassifier

        teacher = TextClassifier.load(teacher)
    if not callable(getattr(teacher, "predict_proba", None)):
        raise TrainingError(
            f"teacher is a {type(teacher).__name__}, expected a fitted classifier of texts with "
            "predict_proba, or the folder of a saved TextClassifier"
        )
    validation = require("sklearn.utils.validation", purpose="a teacher")
    sklearn = require("sklearn.exceptions", purpose="a teacher")
    try:
        validation.check_is_fitted(teacher)
    except sklearn.NotFittedError as error:
        raise TrainingError(
            f"the teacher, a {type(teacher).__name__}, is not fitted; scikit-learn's clone makes "
            "it so: give its folder then, or wrap it in sklearn.frozen.FrozenEstimator"
        ) from error
    known = np.asarray(teacher.classes_)
    if getattr(teacher, "multilabel_", False) != labels.multi:
        kinds = ("one label", "any number of labels")
        raise TrainingError(
            f"the teacher gives a text {kinds[not labels.multi]}, y {kinds[labels.multi]}; train "
            "both on labels of one form"
        )
    if known.tolist() != labels.classes.tolist():
        raise TrainingError(
            f"the teacher's classes are {known.tolist()!r:.200}, those of y are "
            f"{labels.classes.tolist()!r:.200}; train both on the same labels"
        )
    return teacher


def answers_of(teacher: Any, texts: Sequence[str]) -> Float32[ndarray, "texts classes"]:
    """How probable the teacher finds each class of each text."""
    return np.asarray(teacher.predict_proba(list(texts)), np.float32)
