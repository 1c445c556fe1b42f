"""How well predictions agree with labels; the counting is scikit-learn's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wordgraft.errors import DataError
from wordgraft.extras import require

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


@dataclass(frozen=True)
class ClassScores:
    """One class: shares from 0 to 1, and `support`, the number of texts that have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Agreement of predicted with true labels.

    Attributes:
        accuracy: share of texts predicted right.
        macro_f1: mean F1 of the classes, each counted alike.
        classes: scores of each class by its label.
        confusion: texts by true class (rows) and predicted class (columns), in that order.
    """

    accuracy: float
    macro_f1: float
    classes: dict[Any, ClassScores]
    confusion: Int64[ndarray, "classes classes"]

    @classmethod
    def of(cls, true: Sequence[Any], predicted: Sequence[Any]) -> Scores:
        """Score `predicted` against `true`, over the labels that occur in either.

        Raises `DataError` when they differ in number or there are none.
        """
        if len(true) != len(predicted) or not len(true):
            raise DataError(
                f"{len(true):,} labels and {len(predicted):,} predictions; expected as many of "
                "one as of the other, and at least one"
            )
        kinds = {isinstance(label, str) for label in (*true, *predicted)}
        if len(kinds) > 1:
            raise DataError(
                f"true labels such as {true[0]!r} and predicted ones such as {predicted[0]!r} mix "
                "strings and numbers; write them all one way"
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
