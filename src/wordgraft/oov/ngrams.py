"""`ngrams`: hashed character n-grams, each a row of a small matrix, fitted to the table.

In the manner of floret (fastText's sub-words in a table of few rows, each n-gram in two of them),
but fitted to vectors that exist by ridge regression, and not to running text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import progress_bar
from wordgraft.errors import TableError
from wordgraft.oov.character_ngrams import grams_of
from wordgraft.oov.table_rows import learnable_rows, moved, never_counted
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32, Float64
    from numpy import ndarray

SIZES = (3, 4, 5, 6)
BUCKETS = 20_000
_HASHES = 2
_STEPS = 30
_STRENGTH = 1.0
_WORDS_AT_ONCE = 8192


class Ngrams:
    """A word is the sum of its n-grams' rows, by the root of their number, and a mean.

    Option `buckets`: how many rows there are; the size of what is saved, and how often n-grams
    have to share.
    """

    name: ClassVar[str] = "ngrams"
    learns: ClassVar[bool] = True
    reads_pieces: ClassVar[bool] = False

    @classmethod
    def fit(
        cls,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
        buckets: int = BUCKETS,
        **options: Any,
    ) -> UnknownWords:
        if buckets < 1:
            raise TableError(f"buckets is {buckets}, expected a whole number from 1")
        rows = learnable_rows(table, seed=seed)
        x = _bags([table.vocabulary.words[row] for row in rows], buckets)
        y = never_counted(table, rows)
        mean = y.mean(axis=0)
        with progress_bar("fitting n-grams", _STEPS, show=progress) as advance:
            weights = _solve(x, y - mean, _STRENGTH, advance)
        return UnknownWords(cls.name, {"buckets": weights.astype(np.float16), "mean": mean})

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        self._state = state
        self._buckets = np.asarray(state.arrays["buckets"], np.float32)
        self._mean = state.arrays["mean"]

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        vectors = np.empty((len(words), self._buckets.shape[1]), np.float32)
        for start in range(0, len(words), _WORDS_AT_ONCE):
            part = words[start : start + _WORDS_AT_ONCE]
            bags = _bags(part, len(self._buckets))
            vectors[start : start + len(part)] = bags @ self._buckets + self._mean
        return moved(self._state, vectors)


def _bags(words: Sequence[str], buckets: int) -> Any:
    """Sparse (words, buckets): each n-gram in two buckets, rows by the root of their number."""
    from scipy import sparse

    grams, owners = grams_of(words, SIZES)
    count = np.bincount(owners, minlength=len(words))
    halves = [(grams >> np.uint64(32 * half)) & np.uint64(0xFFFFFFFF) for half in range(_HASHES)]
    columns = np.concatenate([(half % np.uint64(buckets)).astype(np.int64) for half in halves])
    owners = np.tile(owners, _HASHES)
    values = (1 / np.sqrt(_HASHES * count[owners])).astype(np.float32)
    return sparse.csr_matrix((values, (owners, columns)), (len(words), buckets))


def _solve(
    x: Any, y: Float32[ndarray, "words dims"], strength: float, advance: Any
) -> Float32[ndarray, "buckets dims"]:
    """Ridge regression by conjugate gradients, all columns of `y` at once."""
    transposed = x.T.tocsr()
    weights = np.zeros((x.shape[1], y.shape[1]), np.float32)
    residual = transposed @ y
    direction = residual.copy()
    size: Float64[ndarray, " dims"] = np.einsum("bd,bd->d", residual, residual, dtype=np.float64)
    for _ in range(_STEPS):
        moved_direction = transposed @ (x @ direction) + strength * direction
        along = np.einsum("bd,bd->d", direction, moved_direction, dtype=np.float64)
        step = np.divide(size, along, out=np.zeros_like(size), where=along > 0).astype(np.float32)
        weights += step * direction
        residual -= step * moved_direction
        before = size
        size = np.einsum("bd,bd->d", residual, residual, dtype=np.float64)
        grow = np.divide(size, before, out=np.zeros_like(size), where=before > 0)
        direction = residual + grow.astype(np.float32) * direction
        advance()
    return weights
