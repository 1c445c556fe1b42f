"""The rows that training can change: those of words that occur in the training texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class RowSubset:
    """Some rows of a table, renumbered from 0, so that a layer can hold them alone.

    An optimizer such as Adam updates every row of a layer at every step. With the rows that occur
    in the training texts alone, the cost of a step depends on the texts and not on the size of the
    vocabulary.

    >>> subset = RowSubset.of(table, table.vocabulary.ids(["sun rain"]).ids)
    >>> subset.rows  # padding, unk, "sun" and "rain"
    array([0, 1, 2, 3])
    >>> subset.renumbered(table.vocabulary.ids(["rain moon"]).ids)  # "moon" becomes unk
    array([3, 1])

    Attributes:
        rows: row ids of the table, ascending; padding and unk are among them.
        unk: the table's row for out-of-vocabulary words.
    """

    rows: Int64[ndarray, " rows"]
    unk: int

    @classmethod
    def of(cls, table: EmbeddingTable, ids: Int64[ndarray, "*shape"]) -> RowSubset:
        """The rows in `ids`, with those of padding and unk."""
        unk = table.vocabulary.roles[UNK]
        return cls(np.union1d(ids, [0, unk]).astype(np.int64), unk)

    def __len__(self) -> int:
        return len(self.rows)

    def renumbered(self, ids: Int64[ndarray, "*shape"]) -> Int64[ndarray, "*shape"]:
        """Ids of the table as ids of a layer of these rows; rows outside the subset become unk."""
        places = np.searchsorted(self.rows, ids)
        places = np.minimum(places, len(self.rows) - 1)
        unk = int(np.searchsorted(self.rows, self.unk))
        return np.where(self.rows[places] == ids, places, unk)
