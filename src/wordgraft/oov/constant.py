"""`unk`, `zero` and `mean`: one vector for every unknown word. The floors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.oov.table_rows import never_counted
from wordgraft.table import EmbeddingTable, UnknownWords
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class _Constant:
    """The same vector for every word; nothing is learnt."""

    name: ClassVar[str]
    learns: ClassVar[bool] = False
    reads_pieces: ClassVar[bool] = False

    @classmethod
    def fit(
        cls, table: EmbeddingTable, checkpoint: Checkpoint | None, **options: Any
    ) -> UnknownWords:
        return UnknownWords(cls.name)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        self._vector = self._of(table)

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        return np.repeat(self._vector[None], len(words), axis=0)

    def _of(self, table: EmbeddingTable) -> Float32[ndarray, " dims"]:
        raise NotImplementedError


class Unk(_Constant):
    """The table's unk row: what the checkpoint makes of its own [UNK] piece."""

    name: ClassVar[str] = "unk"

    def _of(self, table: EmbeddingTable) -> Float32[ndarray, " dims"]:
        vector: Float32[ndarray, " dims"] = table.rows([table.vocabulary.roles[UNK]])[0]
        return vector


class Zero(_Constant):
    """Zeros: an unknown word adds nothing to a sum."""

    name: ClassVar[str] = "zero"

    def _of(self, table: EmbeddingTable) -> Float32[ndarray, " dims"]:
        return np.zeros(table.dims, np.float32)


class Mean(_Constant):
    """The mean of the words' rows, as if never counted; nothing once a table is centred."""

    name: ClassVar[str] = "mean"

    def _of(self, table: EmbeddingTable) -> Float32[ndarray, " dims"]:
        rows = table.word_rows
        if not len(rows):
            return np.zeros(table.dims, np.float32)
        mean: Float32[ndarray, " dims"] = never_counted(table, rows).mean(axis=0)
        return mean
