"""Rows of a table, and stored vectors by their place."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose
from small_networks import TABLE, inputs

from wordgraft.grafts.torch import embedding
from wordgraft.networks.rows import EmbeddingRows, FeatureRows


def test_rows_are_those_of_the_table_or_of_look_up() -> None:
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    batch = inputs([[3, 7], [9]])
    assert_allclose(rows(batch).vectors.detach(), TABLE.rows([3, 7, 9]))
    rows.look_up = lambda ids: ids[:, None].float()
    assert rows(batch).vectors.tolist() == [[3], [7], [9]]


def test_stored_vectors_are_float32_and_a_single_layer_has_no_axis() -> None:
    stored = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    batch = inputs([[1, 0]])
    assert_allclose(FeatureRows(stored)(batch).vectors, stored[[1, 0]])
    of_one_layer = FeatureRows(stored[:, :1])(batch).vectors
    assert of_one_layer.dtype == torch.float32
    assert_allclose(of_one_layer, stored[[1, 0], 0])
