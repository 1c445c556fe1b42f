"""`neighbours`: the words of the table that share most character n-grams; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.oov.grams import grams_of
from wordgraft.oov.space import never_counted
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64, UInt64
    from numpy import ndarray

SIZES = (2, 3, 4, 5)
# Chosen on held-out words and typos, see bench/results/oov.json: 5 and 2 are better for words of
# a family that is unknown, 10 and 4 for typos.
TOP, POWER = 10, 4
# N-grams in more than this share of the words, `ing>`, tell little and cost most.
_COMMON_SHARE, _COMMON_AT_LEAST = 1 / 64, 64
_FEW = 5
_WORDS_AT_ONCE = 4096


class Neighbours:
    """The mean of the nearest words' rows, weighed by a power of their similarity.

    Similarity is the cosine of n-gram bags weighed by idf. Of a word that shares no n-gram with
    any, it is the mean of all words.
    """

    name: ClassVar[str] = "neighbours"
    learns: ClassVar[bool] = False
    reads_pieces: ClassVar[bool] = False

    @classmethod
    def fit(
        cls, table: EmbeddingTable, checkpoint: Checkpoint | None, **options: Any
    ) -> UnknownWords:
        return UnknownWords(cls.name)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        self._table = table
        self._index = word_index(table)

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        rows, similarities = self._index.nearest(words, TOP)
        weights = similarities**POWER
        nothing = ~weights.any(axis=1)
        weights /= np.where(nothing, 1, weights.sum(axis=1))[:, None]
        vectors = combined(self._table, rows, weights)
        vectors[nothing] = self._index.mean
        return vectors


def combined(
    table: EmbeddingTable,
    rows: Int64[ndarray, "words top"],
    weights: Float32[ndarray, "words top"],
) -> Float32[ndarray, "words dims"]:
    """Per word the sum of some rows, as if never counted, times their weights."""
    from scipy import sparse

    used, places = np.unique(rows, return_inverse=True)
    starts = np.arange(0, rows.size + 1, rows.shape[1])
    shape = (len(rows), len(used))
    mixed = sparse.csr_matrix((weights.ravel(), places.ravel(), starts), shape)
    vectors: Float32[ndarray, "words dims"] = mixed @ never_counted(table, used)
    return vectors


class WordIndex:
    """N-grams to words, as a sparse matrix.

    Attributes:
        rows: the row of each word of the index.
        mean: the mean of their vectors.
    """

    def __init__(self, table: EmbeddingTable) -> None:
        from scipy import sparse

        rows = table.word_rows
        # Vectors that were guessed would be passed on as if known.
        self.rows = rows[~table.provenance.guessed[rows]]
        self.words = [table.vocabulary.words[row] for row in self.rows]
        mean = never_counted(table, self.rows).mean(axis=0) if len(rows) else np.zeros(table.dims)
        self.mean: Float32[ndarray, " dims"] = mean.astype(np.float32)
        grams, owners = grams_of(self.words, SIZES)
        self._grams, columns = np.unique(grams, return_inverse=True)
        found_in = np.bincount(columns, minlength=len(self._grams))
        self._found_in = found_in
        self._idf = np.log((1 + len(self.rows)) / (1 + found_in)).astype(np.float32)
        self._rarest = np.float32(np.log(1 + len(self.rows)))
        norms = _norms(self._idf[columns], owners, len(self.rows))
        telling = found_in <= max(_COMMON_AT_LEAST, len(self.rows) * _COMMON_SHARE)
        self._idf_used = np.where(telling, self._idf, 0)
        kept = telling[columns]
        values = self._idf[columns[kept]] / norms[owners[kept]]
        shape = (len(self._grams), len(self.rows))
        self._words_of = sparse.csr_matrix((values, (columns[kept], owners[kept])), shape)

    def nearest(
        self, words: Sequence[str], top: int, *, without: Int64[ndarray, " words"] | None = None
    ) -> tuple[Int64[ndarray, "words top"], Float32[ndarray, "words top"]]:
        """Rows of the most similar words, best first, and their similarity, 0 where none is left.

        `without` names a row for each word that is passed over.
        """
        rows = np.zeros((len(words), top), np.int64)
        similarities = np.zeros((len(words), top), np.float32)
        for start in range(0, len(words), _WORDS_AT_ONCE):
            part = words[start : start + _WORDS_AT_ONCE]
            shared = self._bags(part) @ self._words_of
            borders = shared.indptr
            for place in range(len(part)):
                own = slice(borders[place], borders[place + 1])
                found, values = self.rows[shared.indices[own]], shared.data[own]
                if without is not None:
                    other = found != without[start + place]
                    found, values = found[other], values[other]
                if len(values) > top:
                    best = np.argpartition(-values, top)[:top]
                    found, values = found[best], values[best]
                # Of equally similar words the one of the lowest row.
                order = np.lexsort((found, -values))
                rows[start + place, : len(order)] = found[order]
                similarities[start + place, : len(order)] = values[order]
        return rows, similarities

    def novelty(
        self, words: Sequence[str], *, indexed: Bool[ndarray, " words"]
    ) -> Float32[ndarray, "words 2"]:
        """Share of a word's n-grams that no other word has, and that few others have.

        A misspelling has more of them than a word. `indexed` words are in the index themselves.
        """
        grams, owners = grams_of(words, SIZES)
        columns, known = self._columns(grams)
        others = np.where(known, self._found_in[columns], 0) - (known & indexed[owners])
        count = np.maximum(np.bincount(owners, minlength=len(words)), 1)
        shares = [
            np.bincount(owners, others <= most, minlength=len(words)) / count for most in (0, _FEW)
        ]
        return np.stack(shares, axis=1).astype(np.float32)

    def _columns(
        self, grams: UInt64[ndarray, " grams"]
    ) -> tuple[Int64[ndarray, " grams"], Bool[ndarray, " grams"]]:
        """The column of each n-gram, and whether there is one."""
        if not len(self._grams):
            return np.zeros(len(grams), np.int64), np.zeros(len(grams), bool)
        columns = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
        return columns, self._grams[columns] == grams

    def _bags(self, words: Sequence[str]) -> Any:
        from scipy import sparse

        grams, owners = grams_of(words, SIZES)
        columns, known = self._columns(grams)
        weights = np.full(len(grams), self._rarest)
        weights[known] = self._idf[columns[known]]
        norms = _norms(weights, owners, len(words))
        columns, owners = columns[known], owners[known]
        values = self._idf_used[columns] / norms[owners]
        used = values > 0
        shape = (len(words), len(self._grams))
        return sparse.csr_matrix((values[used], (owners[used], columns[used])), shape)


def word_index(table: EmbeddingTable) -> WordIndex:
    """The index of a table's words, made once."""
    if "word_index" not in table.kept:
        table.kept["word_index"] = WordIndex(table)
    index: WordIndex = table.kept["word_index"]
    return index


def _norms(
    weights: Float32[ndarray, " grams"], owners: Int64[ndarray, " grams"], n: int
) -> Float32[ndarray, " words"]:
    squares = np.bincount(owners, np.square(weights), minlength=n)
    return np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny)).astype(np.float32)
