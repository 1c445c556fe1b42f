"""`TextVectors`: a table as a step of a scikit-learn pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.core.linear_algebra import principal_directions
from wordgraft.core.optional import require
from wordgraft.data.validation import checked_texts
from wordgraft.errors import TableError
from wordgraft.grafts.mean_vectors import LEAVE_OUT, mean_vectors, sif_weights
from wordgraft.oov import TextReader
from wordgraft.table import EmbeddingTable, Sif

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray
    from sklearn.base import BaseEstimator, TransformerMixin
else:
    _base = require("sklearn.base", purpose="TextVectors")
    BaseEstimator, TransformerMixin = _base.BaseEstimator, _base.TransformerMixin

WEIGHTS = ("mean", "sif")


class TextVectors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The means of the rows of each text's words, as a step of a scikit-learn pipeline.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> pipeline = make_pipeline(wg.TextVectors(table), LogisticRegression()).fit(texts, labels)
    >>> pipeline.predict(["the sun"]).tolist()
    ['clear']

    Args:
        table: an `EmbeddingTable`, or the folder of a saved one.
        weights: `mean` weights all words alike; `sif` weights a word by `a / (a + p)`, with `p` its
            share of all tokens, from the table's counts or else from the texts given to `fit`
            (Arora et al. 2017). The rows of a table built from texts are weighted by SIF already,
            unless it was built with other refinements: take their mean.
        a: the constant of `sif`.
        components: how many principal directions of the texts of `fit` to remove from every
            vector; Arora et al. remove one.
        oov: the method for out-of-vocabulary words; the table's own by default. `leave out` does
            not count them, which is fastest.

    Attributes:
        table_: the table.
        reader_: reads texts with it.
        weights_: float32 (rows,), None for `mean`.
        directions_: float32 (components, dims), orthogonal and of length 1.
    """

    def __init__(
        self,
        table: EmbeddingTable | str | Path | None = None,
        *,
        weights: str = "mean",
        a: float = 1e-3,
        components: int = 0,
        oov: str | None = None,
    ) -> None:
        self.table = table
        self.weights = weights
        self.a = a
        self.components = components
        self.oov = oov

    def fit(self, X: Iterable[str], y: Any = None) -> Self:  # noqa: N803
        """Open the table; count words and find directions if the arguments need them.

        Raises `DataError` (also a `ValueError`) for anything but texts, `TableError` otherwise.
        """
        texts = checked_texts(X)
        self.table_ = table = self._checked_table()
        self.reader_ = TextReader(table, None if self.oov == LEAVE_OUT else self.oov)
        self.weights_: Float32[ndarray, " rows"] | None = None
        if self.weights == "sif":
            counts = table.vocabulary.counts
            if not counts.any():
                counts = np.bincount(table.vocabulary.ids(texts).ids, minlength=len(table))
            self.weights_ = sif_weights(counts, a=self.a)
        self.directions_: Float32[ndarray, "components dims"] = np.zeros(
            (0, table.dims), np.float32
        )
        if self.components:
            vectors = self.transform(texts)
            principal = principal_directions(vectors, self.components, center=False)
            self.directions_ = principal.directions.T
        return self

    def transform(self, X: Iterable[str]) -> Float32[ndarray, "texts dims"]:  # noqa: N803
        """(texts, dims); zeros for a text without words."""
        require("sklearn.utils.validation", purpose="TextVectors").check_is_fitted(self)
        texts = checked_texts(X)
        oov = LEAVE_OUT if self.oov == LEAVE_OUT else None
        vectors = mean_vectors(self.reader_, texts, weights=self.weights_, oov=oov)
        remaining: Float32[ndarray, "texts dims"] = (
            vectors - vectors @ self.directions_.T @ self.directions_
        )
        return remaining

    def get_feature_names_out(self, input_features: Any = None) -> ndarray:
        """`textvectors0`, `textvectors1`, ..., one per dimension."""
        return np.array([f"textvectors{place}" for place in range(self.table_.dims)], object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _checked_table(self) -> EmbeddingTable:
        """Open the table. Raises one error that lists every argument at fault."""
        table = self.table
        if isinstance(table, str | Path):
            table = EmbeddingTable.load(table)
        if not isinstance(table, EmbeddingTable):
            raise TableError(
                f"table is {table!r:.60}; expected an EmbeddingTable (wordgraft.build_table makes "
                "one) or the folder of a saved one"
            )
        faults = []
        if self.weights not in WEIGHTS:
            faults.append(f"weights is {self.weights!r}, expected one of {', '.join(WEIGHTS)}")
        if not 0 <= self.components <= table.dims:
            faults.append(f"components is {self.components!r}, expected 0 to {table.dims}")
        if not 0 < self.a < np.inf:
            faults.append(f"a is {self.a!r}, expected a number above 0")
        applied = [step["name"] for step in table.recipe.get("refinements", ())]
        if self.weights == "sif" and Sif.name in applied:
            faults.append(
                "this table's rows are weighted by SIF already; take weights='mean', or build it "
                "with other refinements"
            )
        if faults:
            raise TableError("; ".join(faults))
        return table
