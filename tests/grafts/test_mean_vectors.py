"""Mean vectors of texts are what summing rows one by one gives."""

from __future__ import annotations

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table, table_of

from wordgraft import mean_vectors
from wordgraft.errors import TableError
from wordgraft.grafts import mean_vectors as module
from wordgraft.grafts.mean_vectors import LEAVE_OUT, sif_weights

TABLE = random_table(50, 8)
TEXTS = ["w3 W4, nothing", "", "w1", "nothing at all", "w7 w7 w9"]


def by_hand(rows: list[list[int]]) -> np.ndarray:
    vectors = TABLE.rows().astype(np.float64)
    return np.array([vectors[each].mean(axis=0) if each else np.zeros(8) for each in rows])


def test_unknown_words_are_answered_for_or_left_out() -> None:
    known = [[5, 6], [], [3], [], [9, 9, 11]]
    assert_allclose(mean_vectors(TABLE, TEXTS, oov=LEAVE_OUT), by_hand(known), atol=1e-6)
    # `,` and `nothing` have the unk row.
    whole = [[5, 6, 1, 1], [], [3], [1, 1, 1], [9, 9, 11]]
    assert_allclose(mean_vectors(TABLE, TEXTS), by_hand(whole), atol=1e-6)
    zeros = mean_vectors(TABLE, TEXTS, oov="zero")
    assert_allclose(zeros[0], by_hand(known)[0] / 2, atol=1e-6)
    with pytest.raises(TableError, match="must be fitted"):
        mean_vectors(TABLE, TEXTS, oov="blend")


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_rows_of_another_type(dtype: str) -> None:
    table = TABLE.astype(dtype)
    expected = table.rows()[[5, 6]].mean(axis=0)
    assert_allclose(mean_vectors(table, TEXTS, oov=LEAVE_OUT)[0], expected, atol=1e-6)


def test_weights_count_words() -> None:
    table = table_of(["a", "b"], [[1, 0], [0, 1]], counts=[900, 100])
    weights = sif_weights(table.vocabulary.counts, a=0.1)
    assert_allclose(weights[2:], [0.1 / 1.0, 0.1 / 0.2], rtol=1e-6)
    assert_allclose(
        mean_vectors(table, ["a b b"], weights=weights)[0], [1 / 11, 10 / 11], rtol=1e-5
    )
    before = weights.copy()
    mean_vectors(table, ["a b nothing"], weights=weights, oov=LEAVE_OUT)
    assert_array_equal(weights, before)


@pytest.mark.parametrize("cores", [1, 2])
def test_many_texts_in_blocks(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(module, "_TEXTS_AT_ONCE", 3)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    rng = np.random.default_rng(0)
    rows = [rng.integers(2, 52, size=n).tolist() for n in rng.integers(0, 9, size=50)]
    texts = [" ".join(TABLE.vocabulary.words[row] for row in each) for each in rows]
    assert_allclose(mean_vectors(TABLE, texts), by_hand(rows), atol=1e-5)
    assert mean_vectors(TABLE, []).shape == (0, 8)
