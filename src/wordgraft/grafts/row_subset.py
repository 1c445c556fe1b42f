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
class SeenRows:
    """Some rows of a table, numbered anew from 0, so that a layer can hold them alone.

    An optimizer like Adam touches every row of a layer at every step. With the seen rows alone, a
    step costs what the texts need and not what the vocabulary holds.

    Attributes:
        rows: ascending, the padding and the unk row among them.
    """

    rows: Int64[ndarray, " seen"]
    unk: int

    @classmethod
    def of(cls, table: EmbeddingTable, ids: Int64[ndarray, " tokens"]) -> SeenRows:
        """The rows that `ids` name, and those of the roles."""
        unk = table.vocabulary.roles[UNK]
        return cls(np.union1d(ids, [0, unk]).astype(np.int64), unk)

    def __len__(self) -> int:
        return len(self.rows)

    def renumbered(self, ids: Int64[ndarray, "*shape"]) -> Int64[ndarray, "*shape"]:
        """Table ids as ids of a layer of these rows; a row that is not among them becomes unk."""
        places = np.searchsorted(self.rows, ids)
        places = np.minimum(places, len(self.rows) - 1)
        unk = int(np.searchsorted(self.rows, self.unk))
        return np.where(self.rows[places] == ids, places, unk)
