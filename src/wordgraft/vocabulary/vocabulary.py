"""`Vocabulary`: which words have a row, and how text becomes the ids of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from tokenizers import Tokenizer

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.errors import VocabularyError
from wordgraft.vocabulary.ids import IdLookup, can_look_up
from wordgraft.vocabulary.segmentation import normalize, piece_tokenizer, segment, word_tokenizer

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

PAD = "pad"
UNK = "unk"


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Unique words in the order of their rows, their counts, and how text is split into words.

    Row 0 is always the padding (`roles["pad"]`); `roles["unk"]` is the row for out-of-vocabulary
    words. It behaves as a sequence of words: `len`, iteration, `word in vocabulary`.

    >>> vocabulary = Vocabulary.from_texts(["the sun", "the rain"], checkpoint)
    >>> list(vocabulary)
    ['[PAD]', '[UNK]', 'the', 'rain', 'sun']
    >>> vocabulary.ids(["the SUN and moon"]).ids
    array([2, 4, 1, 1])

    Attributes:
        words: the words by row, roles included.
        counts: occurrences in the texts it was made from; zeros if it was not made from texts.
        kind: `words`, or `pieces` for the checkpoint's own subwords.
        tokenizer: from text to row ids, in Rust.
        roles: the row of each special role.

    Raises `VocabularyError` for repeated words, and for counts or roles that do not fit the words.
    """

    words: tuple[str, ...]
    counts: Int64[ndarray, " words"]
    kind: Literal["words", "pieces"]
    tokenizer: Tokenizer
    roles: Mapping[str, int]

    def __post_init__(self) -> None:
        if len(self._row_of) != len(self.words):
            raise VocabularyError("a vocabulary's words must be unique")
        if len(self.counts) != len(self.words):
            raise VocabularyError(f"{len(self.words):,} words have {len(self.counts):,} counts")
        if self.roles.get(PAD) != 0 or not 0 <= self.roles.get(UNK, -1) < len(self.words):
            raise VocabularyError(
                f"roles are {self.roles}; expected pad at row 0 and a row for unk"
            )

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        checkpoint: Checkpoint,
        *,
        min_count: int = 1,
        max_words: int | None = None,
    ) -> Vocabulary:
        """The words that occur at least `min_count` times in `texts`, which are streamed.

        `max_words` limits them to the most frequent, not counting roles. Words with equal counts
        are in alphabetical order, so the order of the texts does not matter. Raises
        `VocabularyError` if no word is left.
        """
        from wordgraft.vocabulary.counting import count_words

        counts = count_words(texts, checkpoint)
        return cls.from_counts(counts, checkpoint, min_count=min_count, max_words=max_words)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        checkpoint: Checkpoint,
        *,
        min_count: int = 1,
        max_words: int | None = None,
    ) -> Vocabulary:
        """As `from_texts`, from counts of the words that the checkpoint's tokenizer found."""
        from wordgraft.vocabulary.counting import most_frequent

        words = most_frequent(counts, min_count=min_count, max_words=max_words)
        return cls._of_words(words, [counts[word] for word in words], checkpoint)

    @classmethod
    def from_words(cls, words: Iterable[str], checkpoint: Checkpoint) -> Vocabulary:
        """The given words, in their order.

        They are normalized by the checkpoint (an uncased checkpoint lowercases it), and words that
        become equal share a row. An entry of several words has a row that `table[...]` finds, but
        running text never reaches. Raises `VocabularyError` if there are no words.
        """
        from wordgraft.vocabulary.counting import normalized_words

        normalized = normalized_words(words, checkpoint)
        return cls._of_words(normalized, [0] * len(normalized), checkpoint)

    @classmethod
    def from_tokenizer(cls, checkpoint: Checkpoint) -> Vocabulary:
        """The tokenizer's own pieces, special ones included, in the order of their ids.

        The padding piece is moved to row 0 (RoBERTa has it at 1).
        """
        pieces = checkpoint.tokenizer
        order = [pieces.pad_id, *(id for id in range(pieces.size) if id != pieces.pad_id)]
        return cls(
            words=tuple(pieces.pieces[id] for id in order),
            counts=np.zeros(len(order), np.int64),
            kind="pieces",
            tokenizer=piece_tokenizer(pieces.tokenizer, order),
            roles={PAD: 0, UNK: order.index(pieces.unk_id)},
        )

    @classmethod
    def of_pieces(cls, ids: Sequence[int], checkpoint: Checkpoint) -> Vocabulary:
        """Some of the tokenizer's pieces, by their ids there, after the padding.

        For the rows of single pieces: a text is not read as these pieces. Padding is at row 0 and
        must not be among `ids`.
        """
        pieces = checkpoint.tokenizer
        words = (pieces.pad, *(pieces.pieces[id] for id in ids))
        row_of = {word: row for row, word in enumerate(words)}
        unk = row_of.get(pieces.unk, 0)
        return cls(
            words=words,
            counts=np.zeros(len(words), np.int64),
            kind="pieces",
            tokenizer=word_tokenizer(pieces.tokenizer, row_of, words[unk]),
            roles={PAD: 0, UNK: unk},
        )

    @classmethod
    def _of_words(
        cls, words: Sequence[str], counts: Sequence[int], checkpoint: Checkpoint
    ) -> Vocabulary:
        pieces = checkpoint.tokenizer
        roles = (pieces.pad, pieces.unk)
        pairs = [pair for pair in zip(words, counts, strict=True) if pair[0] not in roles]
        if not pairs:
            raise VocabularyError("no words are left; give more texts or words")
        words = [*roles, *(word for word, _ in pairs)]
        return cls(
            words=tuple(words),
            counts=np.array([0, 0, *(count for _, count in pairs)], np.int64),
            kind="words",
            tokenizer=word_tokenizer(
                pieces.tokenizer, {word: row for row, word in enumerate(words)}, pieces.unk
            ),
            roles={PAD: 0, UNK: 1},
        )

    def __getstate__(self) -> dict[str, Any]:
        # Cached properties are computed again rather than pickled.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} {self.kind}>"

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.row(word) is not None

    def row(self, word: str) -> int | None:
        """The row of a word as it is, or else of its normalized form; None if it has no row."""
        row = self._row_of.get(word)
        return self._row_of.get(normalize(self.tokenizer, word)) if row is None else row

    def ids(self, texts: Sequence[str]) -> Ragged:
        """The row ids of each text's words; an out-of-vocabulary word has the id of the unk row."""
        if self._lookup is not None:
            return self._lookup.ids(texts)
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return Ragged.of([encoding.ids for encoding in encodings])

    def unknown(self, texts: Sequence[str], ids: Ragged) -> list[tuple[int, str]]:
        """The places of the unk row in `ids`, which were read from `texts`, and the words there.

        In a vocabulary of pieces the word is not known: it is given as the unk piece.
        """
        unk = self.roles[UNK]
        places = np.flatnonzero(ids.ids == unk)
        if not len(places):
            return []
        if self.kind == "pieces":
            return [(int(place), self.words[unk]) for place in places]
        unknown: list[tuple[int, str]] = []
        text_of = np.searchsorted(ids.offsets, places, side="right") - 1
        for text in np.unique(text_of):
            words = self.segment(texts[text])
            start = int(ids.offsets[text])
            unknown += [(int(place), words[place - start]) for place in places[text_of == text]]
        return unknown

    def segment(self, text: str) -> list[str]:
        """The words of a text, one for each of its ids in a vocabulary of words."""
        return segment(self.tokenizer, text)

    def select(self, rows: Int64[ndarray, " rows"]) -> Vocabulary:
        """The vocabulary of some rows, which must begin with pad and include unk.

        For vocabularies of words only.
        """
        words = tuple(self.words[row] for row in rows)
        row_of = {word: row for row, word in enumerate(words)}
        unk = self.words[self.roles[UNK]]
        return replace(
            self,
            words=words,
            counts=self.counts[rows],
            tokenizer=word_tokenizer(self.tokenizer, row_of, unk),
            roles={PAD: 0, UNK: row_of[unk]},
        )

    def extended(self, words: Sequence[str]) -> Vocabulary:
        """The vocabulary with more words after its own, each with count 0.

        For vocabularies of words only.
        """
        all_words = (*self.words, *words)
        row_of = {word: row for row, word in enumerate(all_words)}
        return replace(
            self,
            words=all_words,
            counts=np.concatenate([self.counts, np.zeros(len(words), np.int64)]),
            tokenizer=word_tokenizer(self.tokenizer, row_of, self.words[self.roles[UNK]]),
        )

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def _lookup(self) -> IdLookup | None:
        """A faster way to the tokenizer's ids, or None if this tokenizer does not allow it."""
        if not can_look_up(self.tokenizer):
            return None
        row_of = self._row_of if self.kind == "words" else {}
        return IdLookup(self.tokenizer, row_of, self.roles[UNK])
