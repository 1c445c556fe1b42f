"""Moves of words that were never seen: a matrix and a shift."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from wordgraft.errors import TableError
from wordgraft.table.affine import Affine, after, identity

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(3, 4)).astype(np.float32)
FIRST = Affine(*(RNG.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3,))))
SECOND = Affine(*(RNG.normal(size=shape).astype(np.float32) for shape in ((3, 2), (2,))))


def test_two_moves_as_one() -> None:
    expected = SECOND(FIRST(ROWS))
    assert_allclose(FIRST.then(SECOND)(ROWS), expected, rtol=1e-4, atol=1e-5)
    assert_allclose(after(FIRST, SECOND)(ROWS), expected, rtol=1e-4, atol=1e-5)
    assert after(None, FIRST) is FIRST
    assert_allclose(identity(4)(ROWS), ROWS)


def test_the_move_of_a_word_with_a_count_of_zero_is_found_by_trying() -> None:
    def move(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return FIRST(rows) / (1 + counts)[:, None].astype(np.float32)

    found = Affine.of(move, 4, name="test")
    assert_allclose(found.matrix, FIRST.matrix, rtol=1e-4, atol=1e-5)
    assert_allclose(found.shift, FIRST.shift)
    with pytest.raises(TableError, match="square is not a linear map and a shift"):
        Affine.of(lambda rows, _: rows**2, 4, name="square")


def test_arrays_there_and_back() -> None:
    restored = Affine.from_arrays(FIRST.arrays("move"), "move")
    assert restored is not None
    assert_allclose(restored(ROWS), FIRST(ROWS))
    assert Affine.from_arrays({}, "move") is None
