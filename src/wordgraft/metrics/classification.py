"""How well predicted labels agree with true ones, counted by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class, from 0 to 1; `support` is the number of texts that have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Agreement of predicted with true labels.

    Attributes:
        accuracy: share of texts with the right label.
        macro_f1: mean F1 of the classes, whatever their size.
        classes: the scores of each class by its label.
        confusion: number of texts by true class (rows) and predicted class (columns), both in the
            order of `classes`; None if a text may have several labels.
    """

    accuracy: float
    macro_f1: float
    classes: dict[Any, ClassScores]
    confusion: Int64[ndarray, "classes classes"] | None

    @classmethod
    def of(cls, true: Sequence[Any], predicted: Sequence[Any]) -> Scores:
        """Score `predicted` against `true`, over the labels that occur in either.

        Raises `DataError` if their numbers differ or there are none.

        Example:
            >>> round(Scores.of(["calm", "rain", "rain"], ["calm", "rain", "calm"]).macro_f1, 3)
            0.667
        """
        _check_number(len(true), len(predicted))
        kinds = {isinstance(label, str) for label in (*true, *predicted)}
        if len(kinds) > 1:
            raise DataError(
                f"true labels such as {true[0]!r} and predicted ones such as {predicted[0]!r} mix "
                "strings and numbers; use one of the two throughout"
            )
        metrics = require("sklearn.metrics", purpose="scoring")
        labels = sorted({*true, *predicted})
        per_class = metrics.precision_recall_fscore_support(
            true, predicted, labels=labels, zero_division=0
        )
        return cls(
            accuracy=float(metrics.accuracy_score(true, predicted)),
            macro_f1=float(per_class[2].mean()),
            classes={
                label: ClassScores(float(p), float(r), float(f), int(n))
                for label, p, r, f, n in zip(labels, *per_class, strict=True)
            },
            confusion=metrics.confusion_matrix(true, predicted, labels=labels),
        )

    @classmethod
    def of_sets(cls, true: Sequence[set[Any]], predicted: Sequence[set[Any]]) -> Scores:
        """Score texts that may have several labels; `accuracy` counts texts with exactly theirs.

        Raises `DataError` if their numbers differ or there are none.

        Example:
            >>> Scores.of_sets([{"rain"}, {"rain", "wind"}], [{"rain"}, {"wind"}]).accuracy
            0.5
        """
        _check_number(len(true), len(predicted))
        metrics = require("sklearn.metrics", purpose="scoring")
        labels = sorted(set().union(*true, *predicted), key=str)
        true_flags, predicted_flags = (
            np.array([[label in chosen for label in labels] for chosen in sets])
            for sets in (true, predicted)
        )
        per_class = metrics.precision_recall_fscore_support(
            true_flags, predicted_flags, zero_division=0
        )
        return cls(
            accuracy=float(np.mean([a == b for a, b in zip(true, predicted, strict=True)])),
            macro_f1=float(per_class[2].mean()),
            classes={
                label: ClassScores(float(p), float(r), float(f), int(n))
                for label, p, r, f, n in zip(labels, *per_class, strict=True)
            },
            confusion=None,
        )


def _check_number(true: int, predicted: int) -> None:
    if true != predicted or not true:
        raise DataError(
            f"{true:,} texts have true labels and {predicted:,} have predictions; expected the "
            "same number, and at least one"
        )
