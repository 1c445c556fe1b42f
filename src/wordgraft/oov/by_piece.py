"""What linear maps make of words' pieces, computed once for each different piece.

A map of the mean, the first and the last row of a word's pieces is a sum of maps of single rows.
Words share pieces: 100,000 misspelt words had 13,000 different ones, so that most of the products
that a network's first layer asks for were made many times over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.extras import require
from wordgraft.oov.composition import GROUPS

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float16, Float32
    from numpy import ndarray


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
        inner: torch.Tensor,
        base: Float32[ndarray, "columns dims"],
    ) -> None:
        torch = require("torch", purpose="oov characters")
        used, places = np.unique(pieces.ids, return_inverse=True)
        self._pieces = Ragged(places.astype(np.int64), pieces.offsets)
        width = rows.shape[1]
        several = torch.from_numpy(np.array(base))  # a mapped file may not be written
        values = torch.from_numpy(rows[used].astype(np.float32))
        parts = [slice(k * width, (k + 1) * width) for k in range(3)]
        self._inner = [values @ inner[:, part].T for part in parts]
        self._inner_groups = inner[:, 3 * width :].T
        self._base = [values @ several[part] for part in parts]
        self._whole = values @ several[3 * width : 4 * width]
        self._base_groups = several[4 * width :]

    def __call__(self, words: ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """For some words, by place: (words, outputs) of the layer, (words, dims) of the base."""
        torch = require("torch", purpose="oov characters")
        some = self._pieces.take(words)
        flat, starts = torch.from_numpy(some.ids), torch.from_numpy(some.offsets[:-1])
        first = torch.from_numpy(some.ids[some.offsets[:-1]])
        last = torch.from_numpy(some.ids[some.offsets[1:] - 1])
        group = torch.from_numpy(np.minimum(some.lengths, GROUPS) - 1)
        mean = torch.nn.functional.embedding_bag
        inner = mean(flat, self._inner[0], starts) + self._inner[1][first] + self._inner[2][last]
        base = mean(flat, self._base[0], starts) + self._base[1][first] + self._base[2][last]
        whole = torch.from_numpy(some.lengths == 1)[:, None]
        base = torch.where(whole, self._whole[first], base)
        return inner + self._inner_groups[group], base + self._base_groups[group]
