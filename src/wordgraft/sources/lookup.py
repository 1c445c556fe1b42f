"""`lookup`: the word-embedding row of each word that is one piece."""

from __future__ import annotations

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.sources.word_pieces import pieces_of, raw_table
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary


def lookup(
    checkpoint: Checkpoint, vocabulary: Vocabulary, *, progress: bool = False
) -> EmbeddingTable:
    """Rows of one-piece words, exactly as stored.

    The other words get zeros, provenance `zero`, for a method for unknown words to fill.
    """
    pieces = pieces_of(checkpoint, vocabulary)
    matrix = checkpoint.word_embeddings()
    whole = pieces.lengths == 1
    vectors = np.zeros((len(pieces), matrix.shape[1]), np.float32)
    vectors[whole] = matrix[pieces.ids[pieces.offsets[:-1][whole]]]
    sources = np.where(whole, "lookup", "zero").tolist()
    return raw_table(checkpoint, vocabulary, vectors, pieces, source="lookup", row_sources=sources)
