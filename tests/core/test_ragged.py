"""Rows of different lengths in one flat array."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.core.ragged import Ragged

ROWS = Ragged.of([[5, 6], [], [7, 8, 9]])


def rows_of(ragged: Ragged) -> list[list[int]]:
    return [part.tolist() for part in np.split(ragged.ids, ragged.offsets[1:-1])]


def test_taking_framing_and_appending() -> None:
    assert rows_of(ROWS.take(np.array([2, 0, 2]))) == [[7, 8, 9], [5, 6], [7, 8, 9]]
    assert rows_of(ROWS.framed([1], [2, 3])) == [[1, 5, 6, 2, 3], [1, 2, 3], [1, 7, 8, 9, 2, 3]]
    assert rows_of(ROWS.append(Ragged.of([[4]]))) == [[5, 6], [], [7, 8, 9], [4]]


@pytest.mark.parametrize(
    ("length", "fill", "expected"),
    [
        (None, 0, [[5, 6, 0], [0, 0, 0], [7, 8, 9]]),
        (2, -1, [[5, 6], [-1, -1], [7, 8]]),
        (4, 1, [[5, 6, 1, 1], [1, 1, 1, 1], [7, 8, 9, 1]]),
    ],
)
def test_padding(length: int | None, fill: int, expected: list[list[int]]) -> None:
    assert ROWS.padded(length, fill=fill).tolist() == expected


def test_padding_few_rows() -> None:
    assert Ragged.of([[]]).padded().tolist() == [[0]]
    assert Ragged.of([]).padded().shape == (0, 1)
    assert Ragged.of([[3, 4]]).padded().tolist() == [[3, 4]]
    assert Ragged.of([[3, 4]]).padded(1).tolist() == [[3]]


def test_padding_keeps_the_dtype_and_further_dimensions() -> None:
    values = np.arange(10, dtype=np.int32).reshape(5, 2)
    block = Ragged(values, ROWS.offsets).padded()
    assert block.dtype == np.int32
    assert block[:, :, 1].tolist() == [[1, 3, 0], [0, 0, 0], [5, 7, 9]]
