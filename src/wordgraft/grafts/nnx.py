"""A table as the first layer of a Flax NNX network.

layer = wordgraft.grafts.nnx.embedding(table, trainable=False)
hidden = layer(ids)  # (batch, length, dims); padding is id 0, a row of zeros
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.grafts.row_subset import SeenRows
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
    """Rows that no optimizer of `nnx.Param` reaches."""


class Embedding(nnx.Embed):
    """An `nnx.Embed` whose padding, id 0, gives zeros and never learns, and whose ids are checked.

    A plain `nnx.Embed` gives NaN for an id that names no row.
    """

    def __call__(self, ids: jax.Array, out_sharding: Any = None) -> jax.Array:
        """(..., dims) rows of (...) ids. Raises as `wordgraft.grafts.jax.checked` does."""
        ids = checked(jnp.asarray(ids), self.num_embeddings)
        rows = super().__call__(ids, out_sharding)
        return jnp.where(ids[..., None] == 0, jnp.zeros((), rows.dtype), rows)


def embedding(
    table: EmbeddingTable,
    *,
    trainable: bool,
    seen: SeenRows | None = None,
    dtype: Any = np.float32,
) -> Embedding:
    """An `nnx.Embed` whose row `i` is the table's row `i`, exactly.

    Args:
        trainable: whether the rows are an `nnx.Param`, which optimizers change, or `Frozen`. The
            padding never changes.
        seen: only these rows, for ids that `seen.renumbered` has numbered anew.
        dtype: of the layer's rows; int8 tables are multiplied by their scales.
    """
    rows = jnp.asarray(table.rows() if seen is None else table.rows(seen.rows), dtype)
    layer = Embedding(
        *rows.shape,
        param_dtype=dtype,
        embedding_init=lambda *_: rows,
        rngs=nnx.Rngs(0),
    )
    if not trainable:
        layer.embedding = Frozen(rows)  # type: ignore[assignment]
    return layer


def write_back(
    table: EmbeddingTable, layer: nnx.Embed, *, seen: SeenRows | None = None
) -> EmbeddingTable:
    """The table with a trained layer's rows in place of its own, as float32.

    `seen` is what the layer was made with. Provenance says `trained` for these rows.
    """
    rows = np.arange(len(table)) if seen is None else seen.rows
    return table.with_rows(rows, np.asarray(layer.embedding[...], np.float32), source="trained")
