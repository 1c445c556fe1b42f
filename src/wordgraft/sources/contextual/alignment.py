"""Rules that cut chunks of running text into words to count, or into rows and their pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.ids import Columns
from wordgraft.vocabulary.segmentation import segment, word_tokenizer

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray
    from tokenizers import Encoding


class OpenWords:
    """Cuts chunks into words and numbers each new word; needs no vocabulary.

    Columns: word numbers, and the number of pieces of each chunk.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        pieces = checkpoint.tokenizer
        self._rule = word_tokenizer(pieces.tokenizer, {pieces.unk: 0}, pieces.unk)
        self._pieces = pieces
        self._number: defaultdict[str, int] = defaultdict(count().__next__)

    def __len__(self) -> int:
        return len(self._number)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by number."""
        return tuple(self._number)

    def resume(self, words: Sequence[str]) -> None:
        """Number `words` in their order, before any other."""
        for word in words:
            self._number[word]

    def __call__(self, chunks: Sequence[str]) -> Columns:
        words = [segment(self._rule, f" {chunk}") for chunk in chunks]
        numbers = Ragged.of([[self._number[word] for word in chunk] for chunk in words])
        return numbers, _lengths(self._pieces.word_pieces(chunks))


class KnownWords:
    """Cuts chunks into rows of a vocabulary; out-of-vocabulary words have the unk row.

    Columns: rows, and the number of pieces of each chunk.
    """

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
        self._pieces = checkpoint.tokenizer
        self._vocabulary = vocabulary

    def __len__(self) -> int:
        return len(self._vocabulary)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by row."""
        return self._vocabulary.words

    def resume(self, words: Sequence[str]) -> None:
        """Does nothing: the vocabulary already numbers its words."""

    def __call__(self, chunks: Sequence[str]) -> Columns:
        rows = self._vocabulary.ids([f" {chunk}" for chunk in chunks])
        return rows, _lengths(self._pieces.word_pieces(chunks))


class AlignedWords:
    """Cuts chunks into rows of a vocabulary, and finds the pieces of each row's word.

    Columns: piece ids; rows; each word's first piece, counted from its chunk's start; its number of
    pieces; the number of pieces of each chunk; the number of words of each chunk. Words and pieces
    are cut independently and matched by their characters, so any pair of tokenizers works. A piece
    that overlaps two words counts for both.
    """

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
        self._pieces = checkpoint.tokenizer
        self._words = vocabulary.tokenizer

    def __call__(self, chunks: Sequence[str]) -> Columns:
        texts = [f" {chunk}" for chunk in chunks]
        pieces = self._pieces.tokenizer.encode_batch(texts, add_special_tokens=False)
        words = self._words.encode_batch(texts, add_special_tokens=False)
        # Chunks are laid end to end on one line of characters.
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
        piece_spans, word_spans = _spans(pieces, starts), _spans(words, starts)
        first = np.searchsorted(piece_spans[:, 1], word_spans[:, 0], side="right")
        end = np.searchsorted(piece_spans[:, 0], word_spans[:, 1], side="left")
        piece_ids = Ragged.of([encoding.ids for encoding in pieces])
        rows = Ragged.of([encoding.ids for encoding in words])
        chunk_of = np.repeat(np.arange(len(chunks)), rows.lengths)
        return (
            piece_ids,
            rows,
            Ragged(first - piece_ids.offsets[chunk_of], rows.offsets),
            Ragged(np.maximum(end - first, 0), rows.offsets),
            _lengths(piece_ids),
            _lengths(rows),
        )


def _lengths(column: Ragged) -> Ragged:
    """The length of each row, as a column with one value per row."""
    return Ragged(column.lengths, np.arange(len(column) + 1))


def _spans(
    encodings: Sequence[Encoding], starts: Int64[ndarray, " chunks"]
) -> Int64[ndarray, "tokens 2"]:
    """Where each token begins and ends on the line of all chunks."""
    pairs = chain.from_iterable(encoding.offsets for encoding in encodings)
    flat = np.fromiter(chain.from_iterable(pairs), np.int64).reshape(-1, 2)
    lengths = [len(encoding.ids) for encoding in encodings]
    spans: Int64[ndarray, "tokens 2"] = flat + np.repeat(starts, lengths)[:, None]
    return spans
