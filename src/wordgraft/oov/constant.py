"""`unk` and `zero`: one vector for every unknown word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.table import EmbeddingTable, UnknownWords
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class Unk:
    """The table's unk row: what the checkpoint makes of its own [UNK] piece."""

    name: ClassVar[str] = "unk"

    @classmethod
    def fit(cls, table: EmbeddingTable, checkpoint: Checkpoint) -> UnknownWords:
        return UnknownWords(cls.name)

    def __init__(self, table: EmbeddingTable) -> None:
        self._vector = table.rows([table.vocabulary.roles[UNK]])

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        return np.repeat(self._vector, len(words), axis=0)


class Zero:
    """Zeros: an unknown word adds nothing to a sum."""

    name: ClassVar[str] = "zero"

    @classmethod
    def fit(cls, table: EmbeddingTable, checkpoint: Checkpoint) -> UnknownWords:
        return UnknownWords(cls.name)

    def __init__(self, table: EmbeddingTable) -> None:
        self._dims = table.dims

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        return np.zeros((len(words), self._dims), np.float32)
