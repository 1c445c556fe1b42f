"""`Blend`: pieces, a character network and neighbours, weighted for each word.

A small network, the gate, looks at how a word is spelled and how its nearest neighbours differ from
it, and gives a weight to each candidate: the vector by the pieces, the vector by the character
network, and the rows of the nearest words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.parallel import run_in_parallel
from wordgraft.errors import TableError
from wordgraft.oov.blend.candidates import Candidates
from wordgraft.oov.blend.characters import EPOCHS, CharacterVectors, fit_characters
from wordgraft.oov.blend.composition import Composition
from wordgraft.oov.blend.gate import fit_gate, gate_weights
from wordgraft.oov.neighbours import WordIndex, combined
from wordgraft.oov.table_rows import learnable_rows
from wordgraft.table import EmbeddingTable, OovState

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

_GATE_SHARE, _GATE_MOST = 0.1, 4_000
_PREFIX = "characters."
_WORDS_AT_ONCE = 4096


@dataclass(frozen=True)
class Blend:
    """The weighted mean of candidates; the weights are learned on words set aside.

    A tenth of the table's words, at most 4,000, is not used to train the character network; the
    gate is fitted on them: as they are and with a typo, their own row not among the candidates, and
    with a typo and their own row, as when a known word is misspelled. It gives the best vectors of
    all methods but `EncoderOov` (bench/results/oov.json) and takes minutes for 40,000 words.

    Attributes:
        pieces: whether the checkpoint's pieces are read; False fits letters and neighbours alone.
        epochs: passes of the character network over the table's words.

    Raises `TableError` for `epochs` not above 0.

    >>> wg.with_oov(table, Blend(epochs=0.1)).oov.method
    'blend'
    """

    pieces: bool = True
    epochs: float = EPOCHS
    name: ClassVar[str] = "blend"
    learns: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.epochs > 0:
            raise TableError(f"blend has epochs={self.epochs}; expected a number above 0")

    @property
    def reads_pieces(self) -> bool:
        """Whether `fit` uses the checkpoint's pieces."""
        return self.pieces

    def fit(
        self,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
    ) -> OovState:
        rows = learnable_rows(table, seed=seed)
        held_out = min(round(_GATE_SHARE * len(rows)), _GATE_MOST)
        gate_rows, network_rows = (rows[:held_out], rows[held_out:]) if held_out else (rows, rows)
        composition = Composition.of(checkpoint) if checkpoint is not None and self.pieces else None
        arrays, settings = fit_characters(
            table, composition, network_rows, seed=seed, epochs=self.epochs, progress=progress
        )
        characters = CharacterVectors(arrays, settings)
        gate = fit_gate(table, characters, gate_rows, np.random.default_rng(seed))
        prefixed = {_PREFIX + name: array for name, array in arrays.items()}
        return OovState(self.name, prefixed | gate, settings)

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> BlendedVectors:
        return BlendedVectors(table, state)


class BlendedVectors:
    """The fitted `Blend`."""

    name: ClassVar[str] = Blend.name

    def __init__(self, table: EmbeddingTable, state: OovState) -> None:
        self._table = table
        self._gate = {name: array for name, array in state.arrays.items() if "gate." in name}
        self.characters = CharacterVectors(character_arrays(state), state.settings, state.move)

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(self._table)

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        blended = np.empty((len(words), self._table.dims), np.float32)
        # Words of similar length together: less padding for the network to compute.
        order = np.argsort([len(word) for word in words], kind="stable")
        starts = range(0, len(words), _WORDS_AT_ONCE)
        blocks = [order[start : start + _WORDS_AT_ONCE] for start in starts]
        pieces = self.characters.pieces(words)
        vectors_at = self.characters.prepare(words, pieces)
        piece_counts = None if pieces is None else pieces.lengths
        index = self._index if words else None  # built before the threads need it

        def blend(places: Int64[ndarray, " places"]) -> None:
            assert index is not None
            block = [words[place] for place in places]
            counts = None if piece_counts is None else piece_counts[places]
            candidates = Candidates.of(block, index, pieces=counts)
            weights = gate_weights(self._gate, candidates)
            vectors, bases = vectors_at(places)
            neighbours = combined(self._table, candidates.rows, weights[:, 2:])
            blended[places] = neighbours + vectors * weights[:, :1] + bases * weights[:, 1:2]

        run_in_parallel(blend, blocks)
        return blended


def character_arrays(state: OovState) -> dict[str, ndarray]:
    """The arrays of the character network in the state of a `Blend`."""
    return {
        name.removeprefix(_PREFIX): array
        for name, array in state.arrays.items()
        if name.startswith(_PREFIX)
    }


def with_network(state: OovState, weights: Mapping[str, ndarray]) -> OovState:
    """The state of a `Blend` with other weights of the character network."""
    prefixed = {_PREFIX + name: array for name, array in weights.items()}
    return replace(state, arrays={**state.arrays, **prefixed})
