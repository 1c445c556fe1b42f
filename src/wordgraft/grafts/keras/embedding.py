"""The rows of a table as a Keras layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from wordgraft.grafts.keras.library import keras
from wordgraft.grafts.row_subset import SeenRows
from wordgraft.table import EmbeddingTable

_Embedding: Any = keras.layers.Embedding


@keras.saving.register_keras_serializable(package="wordgraft")
class Embedding(_Embedding):  # type: ignore[misc]
    """A `keras.layers.Embedding` whose padding, id 0, gives zeros and never learns.

    Its ids are checked: a wrong one is an error and not a row of NaN (JAX) or another word's
    (TensorFlow compiled by XLA). For this, a model with such a layer is not compiled by XLA on
    TensorFlow unless you ask for it with `jit_compile=True`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, inputs: Any) -> Any:
        """(..., dims) rows of (...) ids."""
        ids = keras.ops.cast(inputs, "int32")
        rows = keras.ops.cast(_rows_of(self.embeddings, ids, self.input_dim), self.compute_dtype)
        is_word = keras.ops.expand_dims(keras.ops.not_equal(ids, 0), -1)
        return keras.ops.where(is_word, rows, keras.ops.zeros_like(rows))


def embedding(
    table: EmbeddingTable,
    *,
    trainable: bool,
    seen: SeenRows | None = None,
    dtype: str = "float32",
    mask_zero: bool = True,
    name: str | None = None,
) -> Embedding:
    """A `keras.layers.Embedding` whose row `i` is the table's row `i`, exactly.

    Args:
        trainable: whether training changes the rows. The padding never changes.
        seen: only these rows, for ids that `seen.renumbered` has numbered anew.
        dtype: a dtype or policy of Keras for the layer; int8 tables are multiplied by their scales.
        mask_zero: whether the layers behind it are told which places are padding.
        name: of the layer.
    """
    rows = table.rows() if seen is None else table.rows(seen.rows)
    layer = Embedding(
        *rows.shape,
        embeddings_initializer="zeros",  # none is drawn for nothing
        mask_zero=mask_zero,
        dtype=dtype,
        name=name,
    )
    layer.build()
    layer.embeddings.assign(rows)
    layer.trainable = trainable
    return layer


def write_back(
    table: EmbeddingTable, layer: Embedding, *, seen: SeenRows | None = None
) -> EmbeddingTable:
    """The table with a trained layer's rows in place of its own, as float32.

    `seen` is what the layer was made with. Provenance says `trained` for these rows.
    """
    rows = np.arange(len(table)) if seen is None else seen.rows
    weights = keras.ops.convert_to_numpy(keras.ops.cast(layer.embeddings, "float32"))
    return table.with_rows(rows, weights, source="trained")


def _rows_of(embeddings: Any, ids: Any, rows: int) -> Any:
    """The rows that the ids name; what an id that names none raises is the framework's."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow_rows_of(embeddings, ids, rows)
    if backend == "jax":
        from wordgraft.grafts.jax import checked

        ids = checked(ids, rows)
    else:
        # Keras counts negative ids from the end; PyTorch refuses those that are too large.
        ids = keras.ops.where(ids < 0, rows, ids)
    return keras.ops.take(embeddings, ids, axis=0)


def _tensorflow_rows_of(embeddings: Any, ids: Any, rows: int) -> Any:
    import tensorflow as tf

    said = f"an id names no row: the layer has rows 0 to {rows - 1}"
    tf.debugging.assert_non_negative(ids, said)
    tf.debugging.assert_less(ids, rows, said)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def taken(matrix: Any) -> Any:
        # TensorFlow's own is a list of slices, of which Keras' Adam squares each where a word
        # comes more than once, and not their sum: such words would move too far.
        def gradient(upstream: Any) -> Any:
            slices = tf.reshape(upstream, (-1, tf.shape(matrix)[1]))
            return tf.math.unsorted_segment_sum(slices, tf.reshape(ids, (-1,)), rows)

        return tf.gather(matrix, ids), gradient

    return taken(tf.convert_to_tensor(embeddings))
