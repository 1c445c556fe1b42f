"""A table as the first layer of a Flax NNX network.

>>> from wordgraft.grafts.nnx import embedding
>>> layer = embedding(table, trainable=False)
>>> layer(np.array([[2, 3, 0]])).shape  # (batch, length, dims); id 0 is padding, all zeros
(1, 3, 4)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.grafts.row_subset import RowSubset
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    import jax
    from flax import nnx
    from jax import numpy as jnp
else:
    nnx = require("flax.nnx", purpose="grafting onto Flax")
    jnp = require("jax.numpy", purpose="grafting onto Flax")

from wordgraft.grafts.jax import checked


class Frozen(nnx.Variable):  # type: ignore[type-arg]
    """Rows that are not an `nnx.Param`, so that optimizers leave them alone."""


class CheckedEmbed(nnx.Embed):
    """An `nnx.Embed` whose padding, id 0, gives zeros and never learns, and whose ids are checked.

    A plain `nnx.Embed` gives NaN for an id without a row.
    """

    def __call__(self, ids: jax.Array, out_sharding: Any = None) -> jax.Array:
        """The rows (..., dims) of ids (...). Raises as `wordgraft.grafts.jax.checked` does."""
        ids = checked(jnp.asarray(ids), self.num_embeddings)
        rows = super().__call__(ids, out_sharding)
        return jnp.where(ids[..., None] == 0, jnp.zeros((), rows.dtype), rows)


def embedding(
    table: EmbeddingTable,
    *,
    trainable: bool,
    row_subset: RowSubset | None = None,
    dtype: Any = np.float32,
) -> CheckedEmbed:
    """An `nnx.Embed` whose row `i` is the table's row `i`, exactly.

    >>> layer = embedding(table, trainable=True)
    >>> bool((layer(np.array([3]))[0] == table["rain"]).all())
    True

    Args:
        trainable: whether the rows are an `nnx.Param`, which optimizers change, or `Frozen`. The
            padding row never changes.
        row_subset: hold only these rows; the layer takes ids from `row_subset.renumbered`.
        dtype: dtype of the layer's rows; int8 tables are multiplied by their scales.
    """
    rows = jnp.asarray(table.rows() if row_subset is None else table.rows(row_subset.rows), dtype)
    layer = CheckedEmbed(
        *rows.shape,
        param_dtype=dtype,
        embedding_init=lambda *_: rows,
        rngs=nnx.Rngs(0),
    )
    if not trainable:
        layer.embedding = Frozen(rows)  # type: ignore[assignment]
    return layer


def write_back(
    table: EmbeddingTable, layer: nnx.Embed, *, row_subset: RowSubset | None = None
) -> EmbeddingTable:
    """The table with its rows replaced by a trained layer's, as float32.

    Provenance says `trained` for these rows.

    >>> layer = embedding(table, trainable=True)
    >>> write_back(table, layer).provenance.counts()["trained"]
    4

    Args:
        row_subset: the one that the layer was made with.
    """
    rows = np.arange(len(table)) if row_subset is None else row_subset.rows
    return table.with_rows(rows, np.asarray(layer.embedding[...], np.float32), source="trained")
