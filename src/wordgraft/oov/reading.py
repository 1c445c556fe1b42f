"""Texts to rows: known words get their ids, unknown ones a row of their own behind the table's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.oov.protocol import OovMethod
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True)
class TextRows:
    """Texts as row ids. Id `len(table) + i` stands for the unknown word `words[i]`.

    Attributes:
        ids: the row ids of each text's words.
        words: the different words without a row, in the order of their ids.
        vectors: float32 (unknown words, dims): what the method gives them.
        unknown_tokens: how many running words had no row.
    """

    ids: Ragged
    words: tuple[str, ...]
    vectors: Float32[ndarray, "unknown dims"]
    unknown_tokens: int

    def __str__(self) -> str:
        return (
            f"{self.unknown_tokens:,} of {len(self.ids.ids):,} running words "
            f"({len(self.words):,} different ones) have no row"
        )

    def alone(self, table: EmbeddingTable) -> tuple[Ragged, Float32[ndarray, "used dims"]]:
        """These texts' rows and no others: ids numbered anew, and their vectors, padding first."""
        used = np.union1d(self.ids.ids, [0])
        known = int(np.searchsorted(used, len(table)))
        unknown = self.vectors[used[known:] - len(table)]
        vectors = np.concatenate([table.rows(used[:known]), unknown])
        return Ragged(np.searchsorted(used, self.ids.ids), self.ids.offsets), vectors


def read_rows_of(table: EmbeddingTable, texts: Sequence[str], method: OovMethod) -> TextRows:
    """Cut `texts` into words and find each one's row, asking `method` for those without."""
    ids = table.vocabulary.ids(texts)
    found = table.vocabulary.unknown(texts, ids)
    words = dict.fromkeys(word for _, word in found)
    number = {word: len(table) + i for i, word in enumerate(words)}
    if found:
        flat = ids.ids.copy()
        flat[[place for place, _ in found]] = [number[word] for _, word in found]
        ids = Ragged(flat, ids.offsets)
    return TextRows(ids, tuple(words), method.vectors(tuple(words)), len(found))
