"""How well predictions agree with labels; the counting is scikit-learn's."""

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
        confusion: texts by true class (rows) and predicted class (columns), in that order; None
            where a text may have several.
    """

    accuracy: float
    macro_f1: float
    classes: dict[Any, ClassScores]
    confusion: Int64[ndarray, "classes classes"] | None

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

    @classmethod
    def of_sets(cls, true: Sequence[set[Any]], predicted: Sequence[set[Any]]) -> Scores:
        """Score texts that have any number of labels; `accuracy` is of texts with all of theirs.

        Raises `DataError` when they differ in number or there are none.
        """
        if len(true) != len(predicted) or not len(true):
            raise DataError(
                f"{len(true):,} texts have labels and {len(predicted):,} predictions; expected as "
                "many of one as of the other, and at least one"
            )
        metrics = require("sklearn.metrics", purpose="scoring")
        labels = sorted(set().union(*true, *predicted), key=str)
        one, other = (
            np.array([[label in each for label in labels] for each in sets])
            for sets in (true, predicted)
        )
        per_class = metrics.precision_recall_fscore_support(one, other, zero_division=0)
        return cls(
            accuracy=float(np.mean([a == b for a, b in zip(true, predicted, strict=True)])),
            macro_f1=float(per_class[2].mean()),
            classes={
                label: ClassScores(float(p), float(r), float(f), int(n))
                for label, p, r, f, n in zip(labels, *per_class, strict=True)
            },
            confusion=None,
        )
