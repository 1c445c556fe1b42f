"""`Lookup`: the word-embedding row of each word that is a single piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.sources.word_pieces import pieces_of, raw_table, required
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary


@dataclass(frozen=True)
class Lookup:
    """The checkpoint's word-embedding row of each one-piece word, exactly as stored.

    All other words get zeros and the provenance `zero`; `build_table` fills these rows with the
    out-of-vocabulary method.

    >>> vocabulary = wg.Vocabulary.from_words(["a", "unheardof"], checkpoint)
    >>> Lookup().table(checkpoint, vocabulary).provenance.counts()
    {'padding': 1, 'lookup': 2, 'zero': 1}
    """

    name: ClassVar[str] = "lookup"
    finds_words: ClassVar[bool] = False

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        vocabulary = required(vocabulary, self.name)
        pieces = pieces_of(checkpoint, vocabulary)
        matrix = checkpoint.word_embeddings()
        is_one_piece = pieces.lengths == 1
        vectors = np.zeros((len(pieces), matrix.shape[1]), np.float32)
        vectors[is_one_piece] = matrix[pieces.ids[pieces.offsets[:-1][is_one_piece]]]
        row_sources = np.where(is_one_piece, self.name, "zero").tolist()
        return raw_table(
            checkpoint, vocabulary, vectors, pieces, source=self.name, row_sources=row_sources
        )
