"""A word as features of its pieces' rows: their mean, the first and the last.

The position of a piece matters: from these three, a linear map comes closer to the vectors of
words set aside than from the mean alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.sources.composed import mean_rows

if TYPE_CHECKING:
    from jaxtyping import Float16, Float32
    from numpy import ndarray

# Words of one, two, three and more pieces.
GROUPS = 4


@dataclass(frozen=True, eq=False)
class Composition:
    """The pieces' rows, standardized, and the tokenizer that splits words into pieces."""

    rows: Float16[ndarray, "pieces embedding"]
    tokenizer: PieceTokenizer

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Composition:
        """From a checkpoint's word-embedding matrix."""
        tokenizer = checkpoint.tokenizer
        matrix = np.asarray(checkpoint.word_embeddings()[: tokenizer.size], np.float32)
        centered = matrix - matrix.mean(axis=0)
        spread = max(float(centered.std()), np.finfo(np.float32).tiny)
        return cls((centered / spread).astype(np.float16), tokenizer)

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, ndarray], settings: Mapping[str, Any]
    ) -> Composition | None:
        """The inverse of `arrays` and `settings`; None without pieces."""
        if "pieces" not in arrays:
            return None
        tokenizer = PieceTokenizer.from_json(json.dumps(settings["tokenizer"]))
        return cls(arrays["pieces"], tokenizer)

    @property
    def arrays(self) -> dict[str, ndarray]:
        return {"pieces": self.rows}

    @property
    def settings(self) -> dict[str, Any]:
        return {"tokenizer": json.loads(self.tokenizer.to_json())}

    @property
    def width(self) -> int:
        """How many numbers represent a word."""
        return 3 * int(self.rows.shape[1]) + GROUPS

    def inputs(self, words: Sequence[str]) -> Float32[ndarray, "words width"]:
        """Per word, the mean, first and last row of its pieces, and its group as four bits."""
        if not words:
            return np.zeros((0, self.width), np.float32)
        pieces = self.tokenizer.word_pieces(words)
        first = self.rows[pieces.ids[pieces.offsets[:-1]]]
        last = self.rows[pieces.ids[pieces.offsets[1:] - 1]]
        group = np.minimum(pieces.lengths, GROUPS)[:, None] == np.arange(1, GROUPS + 1)
        parts = [mean_rows(self.rows, pieces), first, last, group]
        return np.concatenate([np.asarray(part, np.float32) for part in parts], axis=1)


def by_group(inputs: Float32[ndarray, "words width"]) -> Float32[ndarray, "words columns"]:
    """The inputs rearranged so that a linear map has separate weights for one-piece words."""
    embedding = (inputs.shape[1] - GROUPS) // 3
    whole = inputs[:, 3 * embedding, None]
    groups = inputs[:, 3 * embedding :]
    several = inputs[:, : 3 * embedding] * (1 - whole)
    return np.concatenate([several, inputs[:, :embedding] * whole, groups], axis=1)
