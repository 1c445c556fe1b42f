"""The rules that cut chunks of running text: into words to be counted, or into rows with pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.chunks import Columns
from wordgraft.vocabulary.segmentation import segment, word_tokenizer

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray
    from tokenizers import Encoding


class OpenWords:
    """Cuts chunks into words, numbering each new word as it comes; no vocabulary is needed.

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

    def take_up(self, words: Sequence[str]) -> None:
        """Number `words` as they come, before any other."""
        for word in words:
            self._number[word]

    def __call__(self, chunks: Sequence[str]) -> Columns:
        words = [segment(self._rule, f" {chunk}") for chunk in chunks]
        numbers = Ragged.of([[self._number[word] for word in each] for each in words])
        return numbers, _lengths(self._pieces.word_pieces(chunks))


class KnownWords:
    """Cuts chunks into the rows of a vocabulary; a word without a row has the unk row.

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

    def take_up(self, words: Sequence[str]) -> None:
        """Nothing: the vocabulary has numbered its words."""

    def __call__(self, chunks: Sequence[str]) -> Columns:
        rows = self._vocabulary.ids([f" {chunk}" for chunk in chunks])
        return rows, _lengths(self._pieces.word_pieces(chunks))


class AlignedWords:
    """Cuts chunks into the rows of a vocabulary and the pieces that each row's word is made of.

    Columns: pieces; rows; each word's first piece, counted from its chunk's first; the number of
    its pieces; and of each chunk, the number of its pieces and that of its words. Words and pieces
    are cut apart and meet at their characters, so any pair of tokenizers will do. A piece that
    reaches into two words counts for both.
    """

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
        self._pieces = checkpoint.tokenizer
        self._words = vocabulary.tokenizer

    def __call__(self, chunks: Sequence[str]) -> Columns:
        texts = [f" {chunk}" for chunk in chunks]
        pieces = self._pieces.tokenizer.encode_batch(texts, add_special_tokens=False)
        words = self._words.encode_batch(texts, add_special_tokens=False)
        # Each chunk gets a stretch of its own on one long line of characters.
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
        piece_spans, word_spans = _spans(pieces, starts), _spans(words, starts)
        first = np.searchsorted(piece_spans[:, 1], word_spans[:, 0], side="right")
        end = np.searchsorted(piece_spans[:, 0], word_spans[:, 1], side="left")
        piece_ids = Ragged.of([each.ids for each in pieces])
        rows = Ragged.of([each.ids for each in words])
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
    """The length of each row, as a column of one value a row."""
    return Ragged(column.lengths, np.arange(len(column) + 1))


def _spans(
    encodings: Sequence[Encoding], starts: Int64[ndarray, " chunks"]
) -> Int64[ndarray, "tokens 2"]:
    """Where each token begins and ends on the line of all chunks, one after the other."""
    pairs = chain.from_iterable(each.offsets for each in encodings)
    flat = np.fromiter(chain.from_iterable(pairs), np.int64).reshape(-1, 2)
    lengths = [len(each.ids) for each in encodings]
    spans: Int64[ndarray, "tokens 2"] = flat + np.repeat(starts, lengths)[:, None]
    return spans
