"""`TextReader`: texts to rows, with vectors for out-of-vocabulary words after the table's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.ragged import Ragged
from wordgraft.oov.fallbacks import Fallbacks, fallbacks_of
from wordgraft.oov.methods import load_method, state_for
from wordgraft.oov.protocol import FittedOov, OovMethod
from wordgraft.oov.text_coverage import borrowed_note
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary.segmentation import normalize

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class OovVectors:
    """A vector for each of some out-of-vocabulary words.

    Attributes:
        vectors: float32 (words, dims).
        origins: per word, the fallback rule or the method that its vector is from.
    """

    vectors: Float32[ndarray, "words dims"]
    origins: tuple[str, ...]


@dataclass(frozen=True)
class TextRows:
    """Texts as row ids. Id `len(table) + i` stands for the out-of-vocabulary word `words[i]`.

    Attributes:
        ids: the row ids of each text's words.
        words: the different out-of-vocabulary words, in the order of their ids.
        vectors: float32 (out-of-vocabulary words, dims).
        oov_tokens: how many running words are out of vocabulary.
        origins: per word, the fallback rule or the method that its vector is from.
        borrowed: running words by the fallback rule that found rows for them.
    """

    ids: Ragged
    words: tuple[str, ...]
    vectors: Float32[ndarray, "oov_words dims"]
    oov_tokens: int
    origins: tuple[str, ...] = ()
    borrowed: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.oov_tokens:,} of {len(self.ids.ids):,} running words "
            f"({len(self.words):,} different ones) are out of vocabulary"
            + borrowed_note(self.borrowed)
        )

    def alone(self, table: EmbeddingTable) -> tuple[Ragged, Float32[ndarray, "used dims"]]:
        """The rows of these texts only: renumbered ids, and their vectors, the padding first."""
        used = np.union1d(self.ids.ids, [0])
        known = int(np.searchsorted(used, len(table)))
        oov_vectors = self.vectors[used[known:] - len(table)]
        vectors = np.concatenate([table.rows(used[:known]), oov_vectors])
        return Ragged(np.searchsorted(used, self.ids.ids), self.ids.offsets), vectors


class TextReader:
    """A table and an out-of-vocabulary method, ready to read texts.

    Make one and reuse it: what a method needs, such as an index of the words, is built when a word
    first needs it, and then kept.

    Args:
        table: the table whose rows are read.
        oov: the method, if not the one that the table carries; it must need no fit.

    Raises `TableError` for a method that must be fitted first.

    >>> TextReader(table).vectors(["sun", "sun-moon"])
    array([[1. , 0. , 0. , 1. ],
           [0.5, 0. , 0.5, 1. ]], dtype=float32)
    """

    def __init__(self, table: EmbeddingTable, oov: str | OovMethod | None = None) -> None:
        self.table = table
        self._state = state_for(table, oov)

    def __getstate__(self) -> dict[str, Any]:
        # Indexes are built again rather than pickled.
        return {"table": self.table, "_state": self._state}

    @property
    def method_name(self) -> str:
        """The name of the method, without loading it."""
        return self._state.method

    @cached_property
    def method(self) -> FittedOov:
        """The method for words for which no fallback finds a row."""
        return load_method(self.table, self._state)

    @cached_property
    def _fallbacks(self) -> Fallbacks | None:
        # An unknown piece has no spelling.
        return fallbacks_of(self.table) if self.table.vocabulary.kind == "words" else None

    def oov_vectors(self, words: Sequence[str]) -> OovVectors:
        """Vectors for words: by the rules of `wordgraft.oov.fallbacks`, else by the method."""
        vectors = np.empty((len(words), self.table.dims), np.float32)
        origins = [self.method_name] * len(words)
        remaining = []
        for place, word in enumerate(words):
            match = self._fallbacks.find(word) if self._fallbacks else None
            if match is None:
                remaining.append(place)
                continue
            # As stored, short if SIF made them short: `The` is as frequent as `the`.
            vectors[place] = self.table.rows(list(match.rows)).mean(axis=0)
            origins[place] = match.rule
        if remaining:
            vectors[remaining] = self.method.vectors([words[place] for place in remaining])
        return OovVectors(vectors, tuple(origins))

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        """A vector for each word, in the vocabulary or not."""
        rows = [self.table.vocabulary.row(word) for word in words]
        oov_places = [place for place, row in enumerate(rows) if row is None]
        vectors = self.table.rows([row or 0 for row in rows])
        if oov_places:
            vectors = np.array(vectors)
            vectors[oov_places] = self.oov_vectors([words[place] for place in oov_places]).vectors
        return vectors

    def read(self, texts: Sequence[str]) -> TextRows:
        """Split `texts` into words and find the row of each; other words get `oov_vectors`."""
        vocabulary = self.table.vocabulary
        ids = vocabulary.ids(texts)
        oov_tokens = vocabulary.unknown(texts, ids)
        words = dict.fromkeys(word for _, word in oov_tokens)
        id_of = {word: len(self.table) + number for number, word in enumerate(words)}
        if oov_tokens:
            flat = ids.ids.copy()
            flat[[place for place, _ in oov_tokens]] = [id_of[word] for _, word in oov_tokens]
            ids = Ragged(flat, ids.offsets)
        return self._text_rows(ids, tuple(words), [id_of[word] for _, word in oov_tokens])

    def read_words(self, sentences: Sequence[Sequence[str]]) -> TextRows:
        """As `read`, for texts that are already split into words: one id per word, none dropped.

        A word is looked up as it is, then as the table's tokenizer would normalize it.
        """
        tokenizer, n = self.table.vocabulary.tokenizer, len(self.table)
        words: dict[str, int] = {}
        id_of: dict[str, int] = {}
        flat = []
        for word in (word for sentence in sentences for word in sentence):
            if word not in id_of:
                row = self.table.vocabulary.row(word)
                if row is None:
                    normalized = normalize(tokenizer, word).strip() or word
                    row = words.setdefault(normalized, n + len(words))
                id_of[word] = row
            flat.append(id_of[word])
        lengths = [len(sentence) for sentence in sentences]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        ids = Ragged(np.array(flat, np.int64), offsets)
        return self._text_rows(ids, tuple(words), [id for id in flat if id >= n])

    def _text_rows(self, ids: Ragged, words: tuple[str, ...], oov_ids: Sequence[int]) -> TextRows:
        made = self.oov_vectors(words)
        borrowed = Counter(made.origins[id - len(self.table)] for id in oov_ids)
        del borrowed[self.method_name]
        return TextRows(ids, words, made.vectors, len(oov_ids), made.origins, borrowed)
