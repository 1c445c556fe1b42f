"""Rows of different lengths as one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths in one flat array: row `i` is `ids[offsets[i]:offsets[i + 1]]`."""

    ids: Int64[ndarray, " total"]
    offsets: Int64[ndarray, " rows_plus_one"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int64[ndarray, " rows"]:
        """The length of each row."""
        # np.diff says the same and takes ten times as long with few rows.
        lengths: Int64[ndarray, " rows"] = self.offsets[1:] - self.offsets[:-1]
        return lengths

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """Flatten `rows`."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = (id for row in rows for id in row)
        return cls(np.fromiter(flat, np.int64, int(offsets[-1])), offsets)

    def take(self, rows: Int64[ndarray, " some"]) -> Ragged:
        """Some of the rows, in the order given."""
        # Not by `lengths`, which looks at all rows: some are often few of them.
        starts = self.offsets[rows]
        lengths = self.offsets[np.asarray(rows) + 1] - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(self.ids[places], offsets)

    def framed(self, before: Sequence[int], after: Sequence[int]) -> Ragged:
        """Every row with the same ids put before and after its own."""
        n, extra = len(self), len(before) + len(after)
        offsets = self.offsets + extra * np.arange(n + 1)
        ids = np.empty(int(offsets[-1] - offsets[0]), np.int64)
        ids[offsets[:-1, None] + np.arange(len(before))] = before
        ids[offsets[1:, None] - len(after) + np.arange(len(after))] = after
        shifts = np.repeat(extra * np.arange(n) + len(before), self.lengths)
        ids[np.arange(len(self.ids)) + shifts] = self.ids
        return Ragged(ids, offsets)

    def append(self, other: Ragged) -> Ragged:
        """These rows, then the rows of `other`."""
        return Ragged(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
        )
