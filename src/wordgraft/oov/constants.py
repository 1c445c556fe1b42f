"""`UnkRow`, `ZeroRow` and `MeanRow`: one vector for all out-of-vocabulary words. Baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.oov.table_rows import never_counted
from wordgraft.table import EmbeddingTable, OovState
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class ConstantVector:
    """The same vector for every word."""

    name: str
    vector: Float32[ndarray, " dims"]

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        return np.repeat(self.vector[None], len(words), axis=0)


class _Constant:
    """What the three settings share: nothing is learned."""

    name: ClassVar[str]
    learns: ClassVar[bool] = False
    reads_pieces = False

    def fit(
        self,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
    ) -> OovState:
        return OovState(self.name)


@dataclass(frozen=True)
class UnkRow(_Constant):
    """The table's unk row: what the checkpoint returns for its own [UNK] piece.

    >>> bool((wg.method_of(table, UnkRow()).vectors(["unheard"]) == table.rows([1])).all())
    True
    """

    name: ClassVar[str] = "unk"

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> ConstantVector:
        return ConstantVector(state.method, table.rows([table.vocabulary.roles[UNK]])[0])


@dataclass(frozen=True)
class ZeroRow(_Constant):
    """Zeros: an out-of-vocabulary word adds nothing to a sum.

    >>> wg.method_of(table, ZeroRow()).vectors(["unheard"])
    array([[0., 0., 0., 0.]], dtype=float32)
    """

    name: ClassVar[str] = "zero"

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> ConstantVector:
        return ConstantVector(state.method, np.zeros(table.dims, np.float32))


@dataclass(frozen=True)
class MeanRow(_Constant):
    """The mean of the words' rows with the weights of SIF undone; zeros once a table is centered.

    >>> wg.method_of(table, MeanRow()).vectors(["unheard"]).round(2)
    array([[0.33, 0.33, 0.33, 1.  ]], dtype=float32)
    """

    name: ClassVar[str] = "mean"

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> ConstantVector:
        rows = table.word_rows
        mean = np.zeros(table.dims, np.float32)
        if len(rows):
            mean = never_counted(table, rows).mean(axis=0)
        return ConstantVector(state.method, mean)
