"""`Neighbours`: the table's words that share the most character n-grams; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import TableError
from wordgraft.oov.character_ngrams import grams_of
from wordgraft.oov.table_rows import never_counted, weights_of_counts
from wordgraft.table import EmbeddingTable, OovState

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

SIZES = (2, 3, 4, 5)
# N-grams in more than this share of the words, such as `ing>`, say little and cost most.
_COMMON_SHARE, _COMMON_AT_LEAST = 1 / 64, 64
_FEW = 5
_WORDS_AT_ONCE = 4096
# Rows with similar numbers of neighbours, so that the best of all are found at once.
_ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Neighbours:
    """The mean of the nearest words' rows, weighted by a power of their similarity.

    Similarity is the cosine of bags of character n-grams, weighted by their idf. A word that
    shares no n-gram with any word of the table gets the mean of all words.

    Attributes:
        k: how many of the nearest words are averaged.
        power: exponent of the similarity in the weight. The defaults were chosen on validation
            words and typos (bench/results/oov.json): 5 and 2 are better for words whose lemma
            family is not in the table, 10 and 4 for typos.

    Raises `TableError` for `k` or `power` below 1.

    >>> wg.method_of(table, Neighbours(k=1)).vectors(["moonlike"])
    array([[0., 0., 1., 1.]], dtype=float32)
    """

    k: int = 10
    power: float = 4
    name: ClassVar[str] = "neighbours"
    learns: ClassVar[bool] = False
    reads_pieces = False

    def __post_init__(self) -> None:
        if self.k < 1 or self.power < 1:
            raise TableError(
                f"neighbours has k={self.k}, power={self.power}; both must be at least 1"
            )

    def fit(
        self,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
    ) -> OovState:
        return OovState(self.name, settings=asdict(self))

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> NeighbourMeans:
        return NeighbourMeans(table, Neighbours(**state.settings))


class NeighbourMeans:
    """`Neighbours` with an index of a table's words, which is built when a word first needs it."""

    name: ClassVar[str] = Neighbours.name

    def __init__(self, table: EmbeddingTable, settings: Neighbours) -> None:
        self._table, self._settings = table, settings

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(self._table)

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        vectors = np.empty((len(words), self._table.dims), np.float32)
        for start in range(0, len(words), _WORDS_AT_ONCE):
            block = slice(start, start + _WORDS_AT_ONCE)
            rows, similarities = self._index.nearest(
                self._index.grams(words[block]), self._settings.k
            )
            weights = similarities**self._settings.power
            without = ~weights.any(axis=1)
            weights /= np.where(without, 1, weights.sum(axis=1))[:, None]
            vectors[block] = combined(self._table, rows, weights)
            vectors[block][without] = self._index.mean
        return vectors


def combined(
    table: EmbeddingTable,
    rows: Int64[ndarray, "words top"],
    weights: Float32[ndarray, "words top"],
) -> Float32[ndarray, "words dims"]:
    """Per word, the weighted sum of some rows, with the weights of SIF undone."""
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
    sums: Float32[ndarray, "words dims"] = mixed @ vectors
    return sums


@dataclass(frozen=True, eq=False)
class Grams:
    """The character n-grams of some words.

    Attributes:
        columns: the place of each n-gram in the index.
        known: whether it is in the index.
        owners: the number of the word it belongs to.
        words: how many words there are.
    """

    columns: Int64[ndarray, " grams"]
    known: Bool[ndarray, " grams"]
    owners: Int64[ndarray, " grams"]
    words: int


class WordIndex:
    """The words of a table by their character n-grams, as a sparse matrix.

    Attributes:
        rows: the row of each indexed word.
        words: the indexed words.
        mean: the mean of their vectors.
    """

    def __init__(self, table: EmbeddingTable) -> None:
        from scipy import sparse

        rows = table.word_rows
        # Rows that an out-of-vocabulary method provided would be passed on as if known.
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
        used = telling[columns]
        values = self._idf[columns[used]] / norms[owners[used]]
        shape = (len(self._grams), len(self.rows))
        self._words_of = sparse.csr_matrix((values, (columns[used], owners[used])), shape)

    def grams(self, words: Sequence[str]) -> Grams:
        """The n-grams of words, with their places in the index."""
        grams, owners = grams_of(words, SIZES)
        columns, known = np.zeros(len(grams), np.int64), np.zeros(len(grams), bool)
        if len(self._grams):
            columns = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
            known = self._grams[columns] == grams
        return Grams(columns, known, owners, len(words))

    def nearest(
        self, grams: Grams, top: int, *, without: Int64[ndarray, " words"] | None = None
    ) -> tuple[Int64[ndarray, "words top"], Float32[ndarray, "words top"]]:
        """Rows of the `top` most similar words, best first, and their similarity.

        Words with fewer similar words have similarity 0 at the end. `without` names a row for each
        word that is left out, -1 for none.
        """
        rows = np.zeros((grams.words, top), np.int64)
        similarities = np.zeros((grams.words, top), np.float32)
        shared = self._bags(grams) @ self._words_of
        if without is not None:
            owners = np.repeat(np.arange(grams.words), np.diff(shared.indptr))
            shared.data[self.rows[shared.indices] == without[owners]] = 0
        for block, columns, values in _best(shared, top):
            rows[block] = np.where(values > 0, self.rows[columns], 0) if len(self.rows) else 0
            similarities[block] = values
        return rows, similarities

    def words_at(self, rows: Int64[ndarray, " words"]) -> list[str]:
        """The indexed words of some rows; an empty string for a row that is not indexed."""
        places = np.searchsorted(self.rows, rows).clip(max=max(len(self.rows) - 1, 0))
        return [
            self.words[place] if len(self.rows) and self.rows[place] == row else ""
            for place, row in zip(places, rows, strict=True)
        ]

    def novelty(
        self, grams: Grams, *, indexed: Bool[ndarray, " words"]
    ) -> Float32[ndarray, "words 2"]:
        """Shares of a word's n-grams that no other word has, and that few others have.

        A misspelling has more of them than a word. `indexed` tells which words are in the index.
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
    """Yield blocks of rows of a sparse matrix, with the columns and values of their largest.

    The largest come first, and the lowest column among equals; 0 fills rows that have fewer.
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


def _norms(
    weights: Float32[ndarray, " grams"], owners: Int64[ndarray, " grams"], n: int
) -> Float32[ndarray, " words"]:
    squares = np.bincount(owners, np.square(weights), minlength=n)
    return np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny)).astype(np.float32)
