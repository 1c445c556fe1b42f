"""The labels of a classifier: one a text, or any number of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.data.validation import checked_labels
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64, Shaped
    from numpy import ndarray

# How likely a label must be that is one of many.
_LIKELY = 0.5


@dataclass(frozen=True, eq=False)
class Labels:
    """What a classifier tells apart.

    Attributes:
        classes: the labels, sorted.
        multi: whether a text may have any number of them.
        matrix: whether such were given, and are given back, as zeros and ones (texts, labels).
    """

    classes: Shaped[ndarray, " classes"]
    multi: bool = False
    matrix: bool = False

    @classmethod
    def of(cls, labels: Iterable[Any], *, texts: int) -> tuple[Labels, ndarray]:
        """The labels of so many texts, and each one's target: a class's number, or which hold.

        Raises `DataError` for labels that are missing, mixed, too few, or all the same.
        """
        if not isinstance(labels, str) and getattr(labels, "ndim", 1) == 2:
            return cls._of_matrix(_one_each(np.asarray(labels), texts))
        found = labels if hasattr(labels, "ndim") or isinstance(labels, str) else list(labels)
        if isinstance(found, list) and found and all(_is_set(each) for each in found):
            return cls._of_sets(_one_each(found, texts))
        flat = _one_each(checked_labels(found), texts)
        classes, targets = np.unique(flat, return_inverse=True)
        if len(classes) < 2:
            raise DataError(
                f"all {len(flat):,} labels are {classes[0].item()!r}; expected at "
                "least two classes: check the label column"
            )
        return cls(classes), targets

    @classmethod
    def _of_matrix(cls, matrix: ndarray) -> tuple[Labels, ndarray]:
        if not np.isin(matrix, (0, 1)).all():
            raise DataError(
                "y is a matrix of other numbers than 0 and 1; expected which labels hold"
            )
        return cls(np.arange(matrix.shape[1]), multi=True, matrix=True), matrix.astype(bool)

    @classmethod
    def _of_sets(cls, sets: list[Any]) -> tuple[Labels, ndarray]:
        flat = [label for each in sets for label in each]
        if not flat:
            raise DataError("no text has a label; expected at least two labels in all")
        classes, numbers = np.unique(checked_labels(flat), return_inverse=True)
        if len(classes) < 2:
            raise DataError(f"{classes[0].item()!r} is the only label; expected at least two")
        targets = np.zeros((len(sets), len(classes)), bool)
        targets[np.repeat(np.arange(len(sets)), [len(each) for each in sets]), numbers] = True
        return cls(classes, multi=True), targets

    def weights(self, targets: ndarray) -> Float32[ndarray, " classes"]:
        """What makes every class count alike: in a loss over classes, or for a label's presence."""
        if self.multi:
            present = targets.sum(axis=0)
            shares = (len(targets) - present) / np.maximum(present, 1)
            # A label of few texts is not shouted: the root keeps its probabilities near the truth.
            return np.asarray(np.sqrt(np.maximum(shares, 1)), np.float32)
        if targets.ndim > 1:
            counts = targets.sum(axis=0)
        else:
            counts = np.bincount(targets, minlength=len(self.classes))
        weights: Float32[ndarray, " k"] = len(targets) / (len(counts) * np.maximum(counts, 1))
        return np.asarray(weights, np.float32)

    def chosen(self, probabilities: Float32[ndarray, "texts classes"]) -> Any:
        """The label of each text, or its labels, in the form they were given."""
        if not self.multi:
            return self.classes[probabilities.argmax(axis=1)]
        likely = probabilities > _LIKELY
        if self.matrix:
            return likely.astype(np.int64)
        return [tuple(self.classes[row].tolist()) for row in likely]

    def certain(self, targets: ndarray) -> Float32[ndarray, "texts classes"]:
        """Targets as probabilities of 0 and 1; what is probabilities already stays."""
        if targets.ndim > 1:
            return targets.astype(np.float32)
        return np.asarray(np.eye(len(self.classes), dtype=np.float32)[targets])

    def sets(self, labels: Any) -> list[set[Any]]:
        """Labels of texts, in one of the forms, as sets."""
        if getattr(labels, "ndim", 1) == 2:
            matrix: Int64[ndarray, "texts labels"] = np.asarray(labels)
            return [set(self.classes[row.astype(bool)].tolist()) for row in matrix]
        return [set(each) for each in labels]


def _is_set(label: object) -> bool:
    return isinstance(label, list | tuple | set | frozenset)


def _one_each(labels: Any, texts: int) -> Any:
    if len(labels) != texts:
        raise DataError(f"{texts:,} texts have {len(labels):,} labels; give one each")
    return labels
