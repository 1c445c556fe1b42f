"""`Composed`: the mean of a word's piece rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.sources.word_pieces import pieces_of, raw_table, required
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float, Float32
    from numpy import ndarray

# Words gathered at once, to bound memory.
_WORDS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Composed:
    """The mean of the word-embedding rows of a word's pieces.

    The vector of a one-piece word is its row exactly as stored.

    >>> Composed().table(checkpoint, wg.Vocabulary.from_words(["sun", "rain"], checkpoint))
    <EmbeddingTable of 4 words, 32 dims, composed>
    """

    name: ClassVar[str] = "composed"
    finds_words: ClassVar[bool] = False

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        vocabulary = required(vocabulary, self.name)
        pieces = pieces_of(checkpoint, vocabulary)
        vectors = mean_rows(checkpoint.word_embeddings(), pieces, progress=progress)
        return raw_table(checkpoint, vocabulary, vectors, pieces, source=self.name)


def mean_rows(
    matrix: Float[ndarray, "pieces dims"], pieces: Ragged, *, progress: bool = False
) -> Float32[ndarray, "words dims"]:
    """Per word, the mean of the rows of `matrix` at its piece ids; each word has at least one."""
    vectors = np.empty((len(pieces), matrix.shape[1]), np.float32)
    with progress_bar("averaging pieces", len(pieces), show=progress) as advance:
        for start in range(0, len(pieces), _WORDS_AT_ONCE):
            stop = min(start + _WORDS_AT_ONCE, len(pieces))
            first, last = pieces.offsets[start], pieces.offsets[stop]
            rows = np.asarray(matrix[pieces.ids[first:last]], np.float32)
            sums = np.add.reduceat(rows, pieces.offsets[start:stop] - first, axis=0)
            vectors[start:stop] = sums / pieces.lengths[start:stop, None]
            advance(stop - start)
    return vectors
