"""Rows stored as float16 and int8: how far they may be off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from tables import random_table

from wordgraft.errors import TableError
from wordgraft.table.quantization import dequantize, stored_as

VECTORS = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False),
)


@given(VECTORS)
def test_an_int8_row_is_off_by_at_most_half_its_scale(vectors: np.ndarray) -> None:
    stored, scales = stored_as("int8", vectors)
    assert stored.dtype == np.int8
    assert scales is not None
    largest = np.abs(vectors).max(axis=1)
    assert_array_equal(scales, largest / np.float32(127))
    error = np.abs(dequantize(stored, scales) - vectors)
    assert (error <= 0.501 * scales[:, None]).all()
    # The largest entry uses the whole range, so that no precision is left lying.
    assert (np.abs(stored.astype(int)).max(axis=1)[largest > 1e-30] == 127).all()


@given(VECTORS)
def test_a_float16_entry_is_off_by_at_most_half_a_step(vectors: np.ndarray) -> None:
    stored, scales = stored_as("float16", vectors)
    assert (stored.dtype, scales) == (np.float16, None)
    step = np.maximum(np.abs(vectors) * 2.0**-11, 2.0**-25)  # the latter near zero
    assert (np.abs(stored.astype(np.float32) - vectors) <= step).all()


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_table_is_read_as_float32_and_keeps_its_padding(dtype: str) -> None:
    table = random_table()
    stored = table.astype(dtype)
    assert stored.vectors.dtype == dtype
    assert stored.recipe["dtype"] == dtype
    assert stored.rows().dtype == np.float32
    assert not stored.rows([0]).any()
    bound = {"float32": 0.0, "float16": 2e-3, "int8": 1 / 254}[dtype]
    largest = np.abs(table.vectors).max(axis=1, keepdims=True)
    assert (np.abs(stored.rows() - table.vectors) <= 1.01 * bound * largest).all()
    assert_array_equal(stored["w5"], stored.rows()[7])


def test_int8_is_a_quarter_of_float32() -> None:
    table = random_table(dims=64)
    assert 4 * table.astype("int8").vectors.nbytes == table.vectors.nbytes


def test_coarser_precision_once_is_not_undone() -> None:
    quantised = random_table().astype("int8")
    assert_array_equal(quantised.astype("float32").vectors, quantised.rows())
    again = quantised.astype("float32").astype("int8")
    assert_array_equal(again.vectors, quantised.vectors)


@pytest.mark.parametrize(
    ("dtype", "factor", "message"),
    [
        ("float16", 1e6, "the vectors are too large for float16; scale them first"),
        ("float64", 1, "unknown dtype 'float64'; choose one of float32, float16, int8"),
    ],
)
def test_what_cannot_be_stored(dtype: str, factor: float, message: str) -> None:
    with pytest.raises(TableError, match=message):
        stored_as(dtype, np.float32(factor) * np.ones((2, 2), np.float32))
