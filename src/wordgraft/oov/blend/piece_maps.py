"""Linear maps of words' pieces, computed once for each distinct piece.

A linear map of the mean, first and last row of a word's pieces is a sum of maps of single rows.
Words share pieces: 100,000 misspelled words had 13,000 different ones, so without this most
products of a network's first layer would be computed many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.oov.blend.composition import GROUPS

if TYPE_CHECKING:
    from jaxtyping import Float16, Float32, Int64
    from numpy import ndarray
    from torch import Tensor


class PieceMaps:
    """The features of words' pieces (`Composition.inputs`) through two linear maps.

    Args:
        rows: the rows of all pieces.
        pieces: the pieces of all words that will be mapped.
        inner: (outputs, 3 embedding + groups), of a layer after `Composition.inputs`.
        base: (columns, dims), of the map after `by_group`.
    """

    def __init__(
        self,
        rows: Float16[ndarray, "pieces embedding"],
        pieces: Ragged,
        inner: Tensor,
        base: Float32[ndarray, "columns dims"],
    ) -> None:
        torch = require("torch", purpose="oov blend")
        used, places = np.unique(pieces.ids, return_inverse=True)
        self._pieces = Ragged(places.astype(np.int64), pieces.offsets)
        width = rows.shape[1]
        base_map = torch.from_numpy(np.array(base))  # a memory-mapped file cannot be written
        values = torch.from_numpy(rows[used].astype(np.float32))
        parts = [slice(k * width, (k + 1) * width) for k in range(3)]
        self._used = len(used)
        self._inner = _mapped(values, [inner[:, part].T for part in parts], inner[:, 3 * width :].T)
        # A one-piece word has a map of its own in place of those of mean, first and last.
        base_parts = [*parts, slice(3 * width, 4 * width)]
        self._base = _mapped(values, [base_map[part] for part in base_parts], base_map[4 * width :])

    def __call__(self, words: ndarray) -> tuple[Tensor, Tensor]:
        """For words by their places: (words, outputs) of the layer, (words, dims) of the base."""
        pieces = self._pieces.take(words)
        # Per word: its pieces, the first, the last, and its group.
        lengths = pieces.lengths
        starts = pieces.offsets[:-1] + 3 * np.arange(len(words))
        owner = np.repeat(np.arange(len(words)), lengths)
        at = np.empty(len(pieces.ids) + 3 * len(words), np.int64)
        weights = np.ones(len(at), np.float32)
        places = np.arange(len(pieces.ids)) + 3 * owner
        at[places], weights[places] = pieces.ids, (1 / lengths)[owner]
        end = starts + lengths
        at[end] = pieces.ids[pieces.offsets[:-1]] + self._used
        at[end + 1] = pieces.ids[pieces.offsets[1:] - 1] + 2 * self._used
        at[end + 2] = np.minimum(lengths, GROUPS) - 1 + 3 * self._used
        inner = _sums(at, weights, starts, self._inner)
        at[end + 2] += self._used
        one_piece = lengths == 1
        at[starts[one_piece]] = pieces.ids[pieces.offsets[:-1][one_piece]] + 3 * self._used
        weights[end[one_piece]] = weights[end[one_piece] + 1] = 0
        return inner, _sums(at, weights, starts, self._base)


def _mapped(values: Tensor, maps: Sequence[Tensor], more: Tensor) -> Tensor:
    """The values through each map, stacked, with `more` below them."""
    torch = require("torch", purpose="oov blend")
    n, outputs = len(values), more.shape[1]
    stacked: Tensor = torch.empty((len(maps) * n + len(more), outputs))
    for place, weights in enumerate(maps):
        torch.matmul(values, weights, out=stacked[place * n : (place + 1) * n])
    stacked[len(maps) * n :] = more
    return stacked


def _sums(
    at: Int64[ndarray, " rows"],
    weights: Float32[ndarray, " rows"],
    starts: Int64[ndarray, " words"],
    rows: Tensor,
) -> Tensor:
    """Per word, the weighted sum of some rows."""
    torch = require("torch", purpose="oov blend")
    sums: Tensor = torch.nn.functional.embedding_bag(
        torch.from_numpy(at),
        rows,
        torch.from_numpy(starts),
        mode="sum",
        per_sample_weights=torch.from_numpy(weights),
    )
    return sums
