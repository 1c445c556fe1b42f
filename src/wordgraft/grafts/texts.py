"""Texts as the ids that a grafted layer takes, for whichever framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Int32
    from numpy import ndarray


def padded_ids(
    table: EmbeddingTable, texts: Sequence[str], *, length: int | None = None
) -> Int32[ndarray, "texts length"]:
    """The row ids of each text's words, padded with 0 behind the last.

    Args:
        length: words a text: the rest of a longer one is left out. By default, as many as the
            longest text has, and at least one.

    A word without a row has the unk row; `table.coverage(texts)` counts them.
    """
    return padded(table.vocabulary.ids(texts), length)


def padded(rows: Ragged, length: int | None = None) -> Int32[ndarray, "rows length"]:
    """Ragged ids as a matrix, zeros behind each row's last; `length` as `padded_ids` has it."""
    if length is None:
        length = max(1, int(rows.lengths.max(initial=0)))
    kept = np.minimum(rows.lengths, length)
    matrix = np.zeros((len(rows), length), np.int32)
    filled = np.arange(length) < kept[:, None]
    end = np.repeat(rows.offsets[:-1] + kept, rows.lengths)
    matrix[filled] = rows.ids[np.arange(len(rows.ids)) < end]
    return matrix
