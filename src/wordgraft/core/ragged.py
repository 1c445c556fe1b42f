"""Rows of different lengths as one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Int, Int64, Shaped
    from numpy import ndarray


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths in one flat array: row `i` is `ids[offsets[i]:offsets[i + 1]]`."""

    ids: Int[ndarray, "total ..."]
    offsets: Int64[ndarray, " rows_plus_one"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int64[ndarray, " rows"]:
        """The length of each row."""
        # np.diff gives the same and takes ten times as long for few rows.
        lengths: Int64[ndarray, " rows"] = self.offsets[1:] - self.offsets[:-1]
        return lengths

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """Flatten `rows`.

        >>> Ragged.of([[5, 6], [], [7]]).lengths
        array([2, 0, 1])
        """
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = (id for row in rows for id in row)
        return cls(np.fromiter(flat, np.int64, int(offsets[-1])), offsets)

    def take(self, rows: Int64[ndarray, " some"]) -> Ragged:
        """The chosen rows, in the order given."""
        # `lengths` is avoided because it reads all rows, and often only a few are chosen.
        starts = self.offsets[rows]
        lengths = self.offsets[np.asarray(rows) + 1] - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(self.ids[places], offsets)

    def framed(self, before: Sequence[int], after: Sequence[int]) -> Ragged:
        """Every row with the ids `before` put before it and `after` put after it."""
        n, extra = len(self), len(before) + len(after)
        offsets = self.offsets + extra * np.arange(n + 1)
        ids = np.empty(int(offsets[-1] - offsets[0]), np.int64)
        ids[offsets[:-1, None] + np.arange(len(before))] = before
        ids[offsets[1:, None] - len(after) + np.arange(len(after))] = after
        shifts = np.repeat(extra * np.arange(n) + len(before), self.lengths)
        ids[np.arange(len(self.ids)) + shifts] = self.ids
        return Ragged(ids, offsets)

    def padded(
        self, length: int | None = None, *, fill: int = 0
    ) -> Shaped[ndarray, "rows length ..."]:
        """The rows as one block: `fill` after the end of each, and longer rows cut to `length`.

        By default the block is as long as the longest row, and at least 1.
        """
        if length is None:
            length = max(1, int(self.lengths.max(initial=0)))
        if len(self) == 1 and len(self.ids) == length:
            return self.ids[None]
        lengths = np.minimum(self.lengths, length)
        block = np.full((len(self), length, *self.ids.shape[1:]), fill, self.ids.dtype)
        ids = self.ids
        if len(ids) > lengths.sum():
            ends = np.repeat(self.offsets[:-1] + lengths, self.lengths)
            ids = ids[np.arange(len(ids)) < ends]
        block[np.arange(length) < lengths[:, None]] = ids
        return block

    def append(self, other: Ragged) -> Ragged:
        """These rows, then the rows of `other`."""
        return Ragged(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
        )
