"""`pieces`: the mean of the word's sub-word rows, brought into the table's space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.sources.composed import mean_rows
from wordgraft.sources.raw import pieces_of
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32, Float64
    from numpy import ndarray

# Ridge strengths tried, in units of the rows' mean variance; the best on held-out words is used.
_STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_HELD_OUT = 0.1
_LARGEST_SAMPLE = 50_000


class Pieces:
    """A word is the mean of its pieces' rows.

    Where the table's rows are encoder states, or were refined already, a linear map from the
    word-embedding rows to them is fitted by ridge regression on the table's own words. A linear
    map of a mean is the mean of the mapped rows, so only those are kept, as float16.
    """

    name: ClassVar[str] = "pieces"

    @classmethod
    def fit(cls, table: EmbeddingTable, checkpoint: Checkpoint) -> UnknownWords:
        tokenizer = checkpoint.tokenizer
        matrix = checkpoint.word_embeddings()[: tokenizer.size]
        moved = bool(table.recipe.get("refinements"))
        if table.recipe.get("source") in ("lookup", "composed") and not moved:
            rows = np.asarray(matrix, np.float32)
        else:
            words = table.word_rows
            composed = mean_rows(matrix, pieces_of(checkpoint, table.vocabulary))
            rows = _regression(composed[words], table.rows(words), matrix)
        return UnknownWords(cls.name, rows.astype(np.float16), tokenizer.to_json())

    def __init__(self, table: EmbeddingTable) -> None:
        assert table.unknown is not None
        assert table.unknown.rows is not None
        self._rows = table.unknown.rows
        self._tokenizer = PieceTokenizer.from_json(table.unknown.tokenizer)

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        if not words:
            return np.zeros((0, self._rows.shape[1]), np.float32)
        return mean_rows(self._rows, self._tokenizer.word_pieces(words))


def _regression(
    x: Float32[ndarray, "words embedding"],
    y: Float32[ndarray, "words dims"],
    matrix: Float32[ndarray, "pieces embedding"],
) -> Float32[ndarray, "pieces dims"]:
    """Every row of `matrix` under the ridge regression from `x` to `y`."""
    rng = np.random.default_rng(0)
    sample = rng.permutation(len(x))[:_LARGEST_SAMPLE]
    held_out = max(1, int(len(sample) * _HELD_OUT))
    rest = sample[held_out:] if len(sample) > 1 else sample
    trial = _Ridge(x[rest], y[rest])
    errors = {
        strength: np.square(
            trial.predict(x[sample[:held_out]], strength) - y[sample[:held_out]]
        ).mean()
        for strength in _STRENGTHS
    }
    best = min(errors, key=errors.__getitem__)
    return _Ridge(x[sample], y[sample]).predict(matrix, best)


class _Ridge:
    """Ridge regression with an intercept, for any strength after one decomposition."""

    def __init__(
        self, x: Float32[ndarray, "words embedding"], y: Float32[ndarray, "words dims"]
    ) -> None:
        self._x_mean, self._y_mean = x.mean(axis=0), y.mean(axis=0)
        centred = (x - self._x_mean).astype(np.float64)
        self._variances, self._directions = np.linalg.eigh(centred.T @ centred)
        self._targets: Float64[ndarray, "embedding dims"] = (
            self._directions.T @ centred.T @ (y - self._y_mean)
        )

    def predict(
        self, x: Float32[ndarray, "rows embedding"], strength: float
    ) -> Float32[ndarray, "rows dims"]:
        penalty = strength * max(float(self._variances.mean()), np.finfo(np.float64).tiny)
        weights = self._directions @ (self._targets / (self._variances + penalty)[:, None])
        moved = (np.asarray(x, np.float32) - self._x_mean) @ weights.astype(np.float32)
        predicted: Float32[ndarray, "rows dims"] = moved + self._y_mean
        return predicted
