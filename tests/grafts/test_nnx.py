"""What Flax NNX alone has: parameters that an optimizer finds by their type."""

from __future__ import annotations

import numpy as np
from flax import nnx
from numpy.testing import assert_array_equal
from tables import random_table

from wordgraft.grafts.nnx import Frozen, embedding

TABLE = random_table(20, 4)


def test_only_trainable_rows_are_parameters() -> None:
    trainable = nnx.state(embedding(TABLE, trainable=True), nnx.Param)
    assert [leaf.shape for leaf in nnx.to_flat_state(trainable).leaves] == [(22, 4)]
    frozen = embedding(TABLE, trainable=False)
    assert not nnx.to_flat_state(nnx.state(frozen, nnx.Param)).leaves
    assert_array_equal(np.asarray(frozen.embedding[...]), TABLE.rows())
    assert isinstance(frozen.embedding, Frozen)


def test_padding_gives_zeros_whatever_its_row_holds() -> None:
    layer = embedding(TABLE, trainable=True)
    layer.embedding.set_value(layer.embedding[...] + 1)
    vectors = np.asarray(layer(np.array([[0, 2]])))
    assert_array_equal(vectors, [[np.zeros(4), TABLE.rows()[2] + np.float32(1)]])
