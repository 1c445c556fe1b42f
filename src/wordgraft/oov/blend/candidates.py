"""What the gate of `Blend` sees of a word and of its nearest words in the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.oov.character_ngrams import shortened
from wordgraft.oov.neighbours import WordIndex

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

TOP = 10
_LONGEST = 31  # letters of a word that are compared: its first and last ones if it is longer
_FAR = 5  # a difference of more letters counts as this many


@dataclass(frozen=True, eq=False)
class Candidates:
    """The nearest words of some words, and features of both.

    Attributes:
        rows: the rows of each word's nearest words.
        present: which of them exist; a word may have fewer than `TOP`.
        near: per candidate, how it resembles the word.
        word: per word, how it is spelled and how near the nearest words are.
    """

    rows: Int64[ndarray, "words top"]
    present: Bool[ndarray, "words top"]
    near: Float32[ndarray, "words top features"]
    word: Float32[ndarray, "words word_features"]

    @classmethod
    def of(
        cls,
        words: Sequence[str],
        index: WordIndex,
        *,
        pieces: Int64[ndarray, " words"] | None,
        own_rows: Int64[ndarray, " words"] | None = None,
    ) -> Candidates:
        """The candidates of `words`; `pieces` is how many pieces each word has.

        `own_rows` names the row of each word that must not be its own candidate; -1 for none.
        """
        grams = index.grams(words)
        rows, similarities = index.nearest(grams, TOP, without=own_rows)
        places = np.searchsorted(index.rows, rows)
        indexed = np.zeros(len(words), bool)
        if own_rows is not None:
            own_words = index.words_at(own_rows)
            pairs = zip(words, own_words, strict=True)
            indexed = np.array([word == own_word for word, own_word in pairs], bool)
        present = similarities > 0
        changes = Differences.of(words, index, places)
        slips = changes.one_slip & present
        length = np.maximum(changes.lengths, 1)[:, None]
        near = np.stack(
            [
                similarities,
                similarities - similarities[:, :1],
                changes.prefix / length,
                changes.suffix / length,
                np.minimum(changes.rest, _FAR) / _FAR,
                np.minimum(changes.other_rest, _FAR) / _FAR,
                slips,
                changes.swapped,
                changes.prefix == 0,
                changes.other_lengths / 10,
            ],
            axis=2,
        )
        most_changed = np.maximum(changes.rest, changes.other_rest)
        nearest = np.where(present, most_changed, _FAR).min(axis=1)
        groups = np.zeros((len(words), 4))
        if pieces is not None:
            groups = np.minimum(pieces, 4)[:, None] == np.arange(1, 5)
        word = np.concatenate(
            [
                groups,
                changes.lengths[:, None] / 10,
                similarities[:, :3],
                slips.sum(axis=1, keepdims=True) / TOP,
                slips.any(axis=1, keepdims=True),
                index.novelty(grams, indexed=indexed),
                np.minimum(nearest, _FAR)[:, None] / _FAR,
            ],
            axis=1,
        )
        return cls(rows, present, near.astype(np.float32), word.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Differences:
    """How words differ from their candidates, in lowercase.

    Attributes:
        prefix, suffix: how many letters both share at the beginning and, after it, at the end.
        rest, other_rest: how many letters of the word and of the candidate are in between.
        one_slip: whether at most one letter was left out, added, changed or swapped with the next.
        swapped: whether the only difference is that two adjacent letters are swapped.
        lengths, other_lengths: letters of the word and of the candidate.
    """

    prefix: Int64[ndarray, "words top"]
    suffix: Int64[ndarray, "words top"]
    rest: Int64[ndarray, "words top"]
    other_rest: Int64[ndarray, "words top"]
    one_slip: Bool[ndarray, "words top"]
    swapped: Bool[ndarray, "words top"]
    lengths: Int64[ndarray, " words"]
    other_lengths: Int64[ndarray, "words top"]

    @classmethod
    def of(
        cls, words: Sequence[str], index: WordIndex, places: Int64[ndarray, "words top"]
    ) -> Differences:
        """Compare each word with the words of the index at `places`."""
        spellings = [_comparable(word) for word in words]
        shape = places.shape
        last = max(len(index.words) - 1, 0)
        others = [index.words[place] for place in np.minimum(places, last).ravel()]
        others = [_comparable(word) for word in others] if index.words else [""] * places.size
        repeated = [word for word in spellings for _ in range(shape[1])]

        distance = require("rapidfuzz.distance", purpose="oov blend")
        process = require("rapidfuzz.process", purpose="oov blend")

        def compare(scorer: Any) -> Int64[ndarray, "words top"]:
            values = process.cpdist(repeated, others, scorer=scorer, dtype=np.int64)
            return np.asarray(values, np.int64).reshape(shape)

        lengths = np.array([len(word) for word in spellings], np.int64)
        other_lengths = np.array([len(word) for word in others], np.int64).reshape(shape)
        shorter = np.minimum(lengths[:, None], other_lengths)
        prefix = compare(distance.Prefix.similarity)
        suffix = np.minimum(compare(distance.Postfix.similarity), shorter - prefix)
        rest, other_rest = lengths[:, None] - prefix - suffix, other_lengths - prefix - suffix
        one_slip = compare(distance.OSA.distance) <= 1
        swapped = one_slip & (rest == 2) & (other_rest == 2)
        return cls(prefix, suffix, rest, other_rest, one_slip, swapped, lengths, other_lengths)


def _comparable(word: str) -> str:
    return shortened(word.lower(), _LONGEST)
