"""The array annotations of wordgraft are checked while the tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from shapes import ShapeError, checked
from tables import random_table

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray


def _product(
    left: Float32[ndarray, "rows dims"], right: Float32[ndarray, "dims columns"] | None = None
) -> tuple[Float32[ndarray, "rows columns"], Int64[ndarray, " rows"]]:
    if right is None:
        return left, np.arange(len(left))
    product = np.einsum("ij,kl->il" if right.shape == left.shape else "ij,jk->ik", left, right)
    return product, np.arange(len(product))


def test_dimensions_have_one_size_throughout_a_call() -> None:
    product = checked(_product)
    ones = np.ones((2, 3), np.float32)
    assert product(ones, right=ones.T)[0].tolist() == [[3, 3], [3, 3]]
    assert len(product(ones)) == 2
    with pytest.raises(ShapeError, match=r"right is ndarray of float32 \(2, 3\), expected"):
        product(ones, ones)
    with pytest.raises(ShapeError, match=r"left is ndarray of float64 \(2, 3\), expected"):
        product(ones.astype(np.float64))


def test_wordgraft_is_checked() -> None:
    with pytest.raises(ShapeError, match="expected"):
        random_table(5, 2).with_rows(np.array([2]), np.ones(2), source="file")
