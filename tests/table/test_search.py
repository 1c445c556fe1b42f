"""Nearest rows, compared with a full sort; blocks, ties and rows that are left out."""

from __future__ import annotations

import numpy as np
import pytest
from tables import random_table, table_of

from wordgraft.table import search
from wordgraft.table.search import nearest_rows


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("blocks", [(65_536, 1 << 26), (7, 500)])
def test_rows_are_those_of_a_full_sort(
    monkeypatch: pytest.MonkeyPatch, dtype: str, blocks: tuple[int, int]
) -> None:
    monkeypatch.setattr(search, "_ROWS_AT_ONCE", blocks[0])
    monkeypatch.setattr(search, "_COSINES_AT_ONCE", blocks[1])
    table = random_table(200, 8).astype(dtype)
    queries = np.random.default_rng(1).normal(size=(9, 8)).astype(np.float32)
    rows = table.rows()
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.maximum(
        np.linalg.norm(rows, axis=1), 1e-9
    )
    cosines = queries @ rows.T / norms
    cosines[:, :2] = -np.inf
    expected = np.argsort(-cosines, axis=1)[:, :5]
    found = nearest_rows(table.rows, table.norms, queries, top=5, leave_out=(0, 1))
    assert (found.rows == expected).all()
    np.testing.assert_allclose(
        found.cosines, np.take_along_axis(cosines, expected, axis=1), rtol=1e-5
    )


def test_ties_are_in_the_order_of_the_table() -> None:
    table = table_of([f"w{i}" for i in range(40)], np.ones((40, 2)))
    assert nearest_rows(
        table.rows, table.norms, np.ones((1, 2), np.float32), top=3
    ).rows.tolist() == [[2, 3, 4]]


def test_more_than_there_are() -> None:
    table = table_of(["sun"], np.ones((1, 2)))
    found = nearest_rows(
        table.rows, table.norms, np.ones((2, 2), np.float32), top=10, leave_out=(0, 1)
    )
    assert found.rows.tolist() == [[2], [2]]
