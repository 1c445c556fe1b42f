"""What linear maps make of words' pieces, computed once for each different piece.

A map of the mean, the first and the last row of a word's pieces is a sum of maps of single rows.
Words share pieces: 100,000 misspelt words had 13,000 different ones, so that most of the products
that a network's first layer asks for were made many times over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.oov.composition import GROUPS

if TYPE_CHECKING:
    from jaxtyping import Float16, Float32, Int64
    from numpy import ndarray
    from torch import Tensor


class ByPiece:
    """Numbers made of words' pieces (`Composition.inputs`) through two linear maps.

    Args:
        rows: one a piece.
        pieces: those of the words that will be asked for.
        inner: (outputs, 3 embedding + groups), of a layer behind `Composition.inputs`.
        base: (columns, dims), of the map behind `by_group`.
    """

    def __init__(
        self,
        rows: Float16[ndarray, "pieces embedding"],
        pieces: Ragged,
        inner: Tensor,
        base: Float32[ndarray, "columns dims"],
    ) -> None:
        torch = require("torch", purpose="oov characters")
        used, places = np.unique(pieces.ids, return_inverse=True)
        self._pieces = Ragged(places.astype(np.int64), pieces.offsets)
        width = rows.shape[1]
        several = torch.from_numpy(np.array(base))  # a mapped file may not be written
        values = torch.from_numpy(rows[used].astype(np.float32))
        parts = [slice(k * width, (k + 1) * width) for k in range(3)]
        self._used = len(used)
        self._inner = _mapped(values, [inner[:, part].T for part in parts], inner[:, 3 * width :].T)
        # A word of one piece has a map of its own, in the place of the mean's, first's and last's.
        own = [*parts, slice(3 * width, 4 * width)]
        self._base = _mapped(values, [several[part] for part in own], several[4 * width :])

    def __call__(self, words: ndarray) -> tuple[Tensor, Tensor]:
        """For some words, by place: (words, outputs) of the layer, (words, dims) of the base."""
        some = self._pieces.take(words)
        # Per word its pieces, the first, the last, and its group.
        lengths = some.lengths
        starts = some.offsets[:-1] + 3 * np.arange(len(words))
        owner = np.repeat(np.arange(len(words)), lengths)
        at = np.empty(len(some.ids) + 3 * len(words), np.int64)
        weights = np.ones(len(at), np.float32)
        places = np.arange(len(some.ids)) + 3 * owner
        at[places], weights[places] = some.ids, (1 / lengths)[owner]
        behind = starts + lengths
        at[behind] = some.ids[some.offsets[:-1]] + self._used
        at[behind + 1] = some.ids[some.offsets[1:] - 1] + 2 * self._used
        at[behind + 2] = np.minimum(lengths, GROUPS) - 1 + 3 * self._used
        inner = _sums(at, weights, starts, self._inner)
        at[behind + 2] += self._used
        whole = lengths == 1
        at[starts[whole]] = some.ids[some.offsets[:-1][whole]] + 3 * self._used
        weights[behind[whole]] = weights[behind[whole] + 1] = 0
        return inner, _sums(at, weights, starts, self._base)


def _mapped(values: Tensor, maps: Sequence[Tensor], more: Tensor) -> Tensor:
    """What each map makes of the values, one below the other, and `more` below them."""
    torch = require("torch", purpose="oov characters")
    n, outputs = len(values), more.shape[1]
    found: Tensor = torch.empty((len(maps) * n + len(more), outputs))
    for place, each in enumerate(maps):
        torch.matmul(values, each, out=found[place * n : (place + 1) * n])
    found[len(maps) * n :] = more
    return found


def _sums(
    at: Int64[ndarray, " rows"],
    weights: Float32[ndarray, " rows"],
    starts: Int64[ndarray, " words"],
    rows: Tensor,
) -> Tensor:
    """Per word the sum of some rows, each times its weight."""
    torch = require("torch", purpose="oov characters")
    found: Tensor = torch.nn.functional.embedding_bag(
        torch.from_numpy(at),
        rows,
        torch.from_numpy(starts),
        mode="sum",
        per_sample_weights=torch.from_numpy(weights),
    )
    return found
