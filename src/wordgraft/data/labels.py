"""The labels of a classifier: one per text, or any number per text."""

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

# Labels with at least this probability are predicted if a text may have several.
_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels that a classifier distinguishes, and the form in which they were given.

    >>> labels, targets = Labels.of(["bad", "good", "bad"], texts=3)
    >>> labels.classes.tolist(), targets.tolist()
    (['bad', 'good'], [0, 1, 0])

    Attributes:
        classes: the labels, sorted.
        multi: whether a text may have any number of labels.
        matrix: whether they were given, and are returned, as zeros and ones (texts, labels).
    """

    classes: Shaped[ndarray, " classes"]
    multi: bool = False
    matrix: bool = False

    @classmethod
    def of(cls, labels: Iterable[Any], *, texts: int) -> tuple[Labels, ndarray]:
        """The distinct labels of `texts` texts, and each text's target.

        A target is the number of a class or, with several labels per text, a row of booleans.
        Raises `DataError` for labels that are missing, of mixed types, too few, or all the same.
        """
        if not isinstance(labels, str) and getattr(labels, "ndim", 1) == 2:
            return cls._of_matrix(_one_each(np.asarray(labels), texts))
        listed = labels if hasattr(labels, "ndim") or isinstance(labels, str) else list(labels)
        if isinstance(listed, list) and listed and all(_is_set(label) for label in listed):
            return cls._of_sets(_one_each(listed, texts))
        flat = _one_each(checked_labels(listed), texts)
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
                "y is a matrix with numbers other than 0 and 1; expected 1 for each label of a text"
            )
        return cls(np.arange(matrix.shape[1]), multi=True, matrix=True), matrix.astype(bool)

    @classmethod
    def _of_sets(cls, sets: list[Any]) -> tuple[Labels, ndarray]:
        flat = [label for label_set in sets for label in label_set]
        if not flat:
            raise DataError("no text has a label; expected at least two distinct labels")
        classes, numbers = np.unique(checked_labels(flat), return_inverse=True)
        if len(classes) < 2:
            raise DataError(f"{classes[0].item()!r} is the only label; expected at least two")
        targets = np.zeros((len(sets), len(classes)), bool)
        text_of = np.repeat(np.arange(len(sets)), [len(label_set) for label_set in sets])
        targets[text_of, numbers] = True
        return cls(classes, multi=True), targets

    def weights(self, targets: ndarray) -> Float32[ndarray, " classes"]:
        """Weights that make every class count the same in the loss.

        If a text may have several labels: the weight of a label's presence.
        """
        if self.multi:
            present = targets.sum(axis=0)
            shares = (len(targets) - present) / np.maximum(present, 1)
            # The root keeps the probabilities of a rare label closer to its true frequency.
            return np.asarray(np.sqrt(np.maximum(shares, 1)), np.float32)
        if targets.ndim > 1:
            counts = targets.sum(axis=0)
        else:
            counts = np.bincount(targets, minlength=len(self.classes))
        weights: Float32[ndarray, " k"] = len(targets) / (len(counts) * np.maximum(counts, 1))
        return np.asarray(weights, np.float32)

    def chosen(self, probabilities: Float32[ndarray, "texts classes"]) -> Any:
        """The most likely label of each text, or its likely labels, in the form they were given."""
        if not self.multi:
            return self.classes[probabilities.argmax(axis=1)]
        likely = probabilities > _THRESHOLD
        if self.matrix:
            return likely.astype(np.int64)
        return [tuple(self.classes[row].tolist()) for row in likely]

    def certain(self, targets: ndarray) -> Float32[ndarray, "texts classes"]:
        """Targets as probabilities of 0 and 1; targets that are probabilities stay as they are."""
        if targets.ndim > 1:
            return targets.astype(np.float32)
        return np.asarray(np.eye(len(self.classes), dtype=np.float32)[targets])

    def sets(self, labels: Any) -> list[set[Any]]:
        """The labels of texts, given as a matrix or as collections, as sets."""
        if getattr(labels, "ndim", 1) == 2:
            matrix: Int64[ndarray, "texts labels"] = np.asarray(labels)
            return [set(self.classes[row.astype(bool)].tolist()) for row in matrix]
        return [set(text_labels) for text_labels in labels]


def _is_set(label: object) -> bool:
    return isinstance(label, list | tuple | set | frozenset)


def _one_each(labels: Any, texts: int) -> Any:
    if len(labels) != texts:
        raise DataError(f"{texts:,} texts have {len(labels):,} labels; expected one per text")
    return labels
