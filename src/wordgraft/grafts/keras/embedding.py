"""The rows of a table as a Keras layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from wordgraft.grafts.keras.library import keras
from wordgraft.grafts.row_subset import RowSubset
from wordgraft.table import EmbeddingTable

_Embedding: Any = keras.layers.Embedding


@keras.saving.register_keras_serializable(package="wordgraft")
class Embedding(_Embedding):  # type: ignore[misc]
    """A `keras.layers.Embedding` whose padding, id 0, gives zeros and never learns.

    Ids are checked: an id without a row raises, instead of giving NaN (JAX) or another word's row
    (TensorFlow compiled by XLA). Therefore, on TensorFlow, a model with such a layer is compiled
    by XLA only with `jit_compile=True`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, inputs: Any) -> Any:
        """The rows (..., dims) of ids (...)."""
        ids = keras.ops.cast(inputs, "int32")
        rows = keras.ops.cast(_rows_of(self.embeddings, ids, self.input_dim), self.compute_dtype)
        is_word = keras.ops.expand_dims(keras.ops.not_equal(ids, 0), -1)
        return keras.ops.where(is_word, rows, keras.ops.zeros_like(rows))


def embedding(
    table: EmbeddingTable,
    *,
    trainable: bool,
    row_subset: RowSubset | None = None,
    dtype: str = "float32",
    mask_zero: bool = True,
    name: str | None = None,
    plain: bool = False,
) -> Any:
    """A `keras.layers.Embedding` whose row `i` is the table's row `i`, exactly.

    >>> from wordgraft.grafts.keras import embedding
    >>> layer = embedding(table, trainable=False)
    >>> tuple(layer(np.array([[2, 3, 0]])).shape)  # (texts, length, dims)
    (1, 3, 4)

    Args:
        trainable: whether training changes the rows. The padding row never changes.
        row_subset: hold only these rows; the layer takes ids from `row_subset.renumbered`.
        dtype: a dtype or policy of Keras for the layer; int8 tables are multiplied by their scales.
        mask_zero: whether later layers are told which positions are padding.
        name: name of the layer.
        plain: make a `keras.layers.Embedding` of Keras itself, so that a saved model opens where
            wordgraft is not installed. It does not check ids, and padding stays zero only while
            later layers respect the mask.
    """
    rows = table.rows() if row_subset is None else table.rows(row_subset.rows)
    kind = _Embedding if plain else Embedding
    layer = kind(
        *rows.shape,
        embeddings_initializer="zeros",  # drawing random rows would be wasted
        mask_zero=mask_zero,
        dtype=dtype,
        name=name,
    )
    layer.build()
    layer.embeddings.assign(rows)
    layer.trainable = trainable
    return layer


def write_back(
    table: EmbeddingTable, layer: Embedding, *, row_subset: RowSubset | None = None
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
    weights = keras.ops.convert_to_numpy(keras.ops.cast(layer.embeddings, "float32"))
    return table.with_rows(rows, weights, source="trained")


def _rows_of(embeddings: Any, ids: Any, rows: int) -> Any:
    """The rows of the ids; an id without a row raises the framework's own error."""
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

    message = f"an id has no row: the layer has rows 0 to {rows - 1}"
    tf.debugging.assert_non_negative(ids, message)
    tf.debugging.assert_less(ids, rows, message)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def taken(matrix: Any) -> Any:
        # TensorFlow's own gradient is a list of slices. If a word occurs more than once, Keras'
        # Adam squares each slice instead of their sum, and the word would move too far.
        def gradient(upstream: Any) -> Any:
            slices = tf.reshape(upstream, (-1, tf.shape(matrix)[1]))
            return tf.math.unsorted_segment_sum(slices, tf.reshape(ids, (-1,)), rows)

        return tf.gather(matrix, ids), gradient

    return taken(tf.convert_to_tensor(embeddings))
