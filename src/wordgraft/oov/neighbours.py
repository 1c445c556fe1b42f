"""`neighbours`: the words of the table that share most character n-grams; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.oov.character_ngrams import grams_of
from wordgraft.oov.table_rows import never_counted, weights_of_counts
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

SIZES = (2, 3, 4, 5)
# Chosen on held-out words and typos, see bench/results/oov.json: 5 and 2 are better for words of
# a family that is unknown, 10 and 4 for typos.
TOP, POWER = 10, 4
# N-grams in more than this share of the words, `ing>`, tell little and cost most.
_COMMON_SHARE, _COMMON_AT_LEAST = 1 / 64, 64
_FEW = 5
_WORDS_AT_ONCE = 4096
# Of like many neighbours each, so that the best of all are found at once.
_ROWS_AT_ONCE = 128


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
        vectors = np.empty((len(words), self._table.dims), np.float32)
        for start in range(0, len(words), _WORDS_AT_ONCE):
            some = slice(start, start + _WORDS_AT_ONCE)
            rows, similarities = self._index.nearest(self._index.grams(words[some]), TOP)
            weights = similarities**POWER
            nothing = ~weights.any(axis=1)
            weights /= np.where(nothing, 1, weights.sum(axis=1))[:, None]
            vectors[some] = combined(self._table, rows, weights)
            vectors[some][nothing] = self._index.mean
        return vectors


def combined(
    table: EmbeddingTable,
    rows: Int64[ndarray, "words top"],
    weights: Float32[ndarray, "words top"],
) -> Float32[ndarray, "words dims"]:
    """Per word the sum of some rows, as if never counted, times their weights."""
    from scipy import sparse

    lengthened = weights / weights_of_counts(table, rows.ravel()).reshape(rows.shape)
    starts = np.arange(0, rows.size + 1, rows.shape[1])
    if table.vectors.dtype == np.float32:
        places, vectors = rows, table.vectors
    else:
        used, places = np.unique(rows, return_inverse=True)
        vectors = table.rows(used)
    shape = (len(rows), len(vectors))
    mixed = sparse.csr_matrix((lengthened.ravel(), places.ravel(), starts), shape)
    found: Float32[ndarray, "words dims"] = mixed @ vectors
    return found


@dataclass(frozen=True, eq=False)
class Grams:
    """N-grams of words.

    Attributes:
        columns: of each, its place in the index.
        known: whether it has one.
        owners: the word that it is of.
        words: how many words there are.
    """

    columns: Int64[ndarray, " grams"]
    known: Bool[ndarray, " grams"]
    owners: Int64[ndarray, " grams"]
    words: int


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

    def grams(self, words: Sequence[str]) -> Grams:
        """The n-grams of words, as the index knows them."""
        grams, owners = grams_of(words, SIZES)
        columns, known = np.zeros(len(grams), np.int64), np.zeros(len(grams), bool)
        if len(self._grams):
            columns = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
            known = self._grams[columns] == grams
        return Grams(columns, known, owners, len(words))

    def nearest(
        self, grams: Grams, top: int, *, without: Int64[ndarray, " words"] | None = None
    ) -> tuple[Int64[ndarray, "words top"], Float32[ndarray, "words top"]]:
        """Rows of the most similar words, best first, and their similarity, 0 where none is left.

        `without` names a row for each word that is passed over.
        """
        rows = np.zeros((grams.words, top), np.int64)
        similarities = np.zeros((grams.words, top), np.float32)
        shared = self._bags(grams) @ self._words_of
        if without is not None:
            owners = np.repeat(np.arange(grams.words), np.diff(shared.indptr))
            shared.data[self.rows[shared.indices] == without[owners]] = 0
        for some, found, values in _best(shared, top):
            rows[some] = np.where(values > 0, self.rows[found], 0) if len(self.rows) else 0
            similarities[some] = values
        return rows, similarities

    def novelty(
        self, grams: Grams, *, indexed: Bool[ndarray, " words"]
    ) -> Float32[ndarray, "words 2"]:
        """Share of a word's n-grams that no other word has, and that few others have.

        A misspelling has more of them than a word. `indexed` words are in the index themselves.
        """
        columns, known, owners = grams.columns, grams.known, grams.owners
        others = np.where(known, self._found_in[columns], 0) - (known & indexed[owners])
        count = np.maximum(np.bincount(owners, minlength=grams.words), 1)
        shares = [
            np.bincount(owners, others <= most, minlength=grams.words) / count for most in (0, _FEW)
        ]
        return np.stack(shares, axis=1).astype(np.float32)

    def _bags(self, grams: Grams) -> Any:
        from scipy import sparse

        known = grams.known
        weights = np.full(len(known), self._rarest)
        weights[known] = self._idf[grams.columns[known]]
        norms = _norms(weights, grams.owners, grams.words)
        columns, owners = grams.columns[known], grams.owners[known]
        values = self._idf_used[columns] / norms[owners]
        used = values > 0
        shape = (grams.words, len(self._grams))
        return sparse.csr_matrix((values[used], (owners[used], columns[used])), shape)


def _best(
    matrix: Any, top: int
) -> Iterator[
    tuple[Int64[ndarray, " some"], Int64[ndarray, "some top"], Float32[ndarray, "some top"]]
]:
    """Some rows of a sparse matrix at a time: which, and the columns and values of their largest.

    The largest come first, of equal ones that of the lowest column; 0 where there are fewer.
    """
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    for some in np.array_split(order, max(1, len(order) // _ROWS_AT_ONCE)):
        width = max(int(lengths[some].max(initial=0)), top)
        places = matrix.indptr[some][:, None] + np.arange(width)
        there = np.arange(width) < lengths[some][:, None]
        places[~there] = 0
        values = np.where(there, matrix.data[places] if matrix.nnz else 0, 0)
        if width > top:
            chosen = np.argpartition(-values, top - 1, axis=1)[:, :top]
            values = np.take_along_axis(values, chosen, 1)
            places = np.take_along_axis(places, chosen, 1)
        columns = matrix.indices[places] if matrix.nnz else np.zeros(places.shape, np.int64)
        sorting = np.lexsort((columns, -values), axis=1)
        yield (
            some,
            np.take_along_axis(columns, sorting, 1),
            np.take_along_axis(values, sorting, 1),
        )


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
