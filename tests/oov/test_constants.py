"""The baselines: one vector for all out-of-vocabulary words."""

from __future__ import annotations

from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

from wordgraft import method_of
from wordgraft.table import Sif


def test_unk_zero_and_mean() -> None:
    table = random_table().refine(Sif())
    assert_array_equal(method_of(table, "unk").vectors(["x"])[0], table.rows([1])[0])
    assert not method_of(table, "zero").vectors(["x"]).any()
    # As if no word had been counted: Sif made the frequent ones short.
    expected = random_table().vectors[2:].mean(axis=0)
    assert_allclose(method_of(table, "mean").vectors(["x"])[0], expected, rtol=1e-4, atol=1e-5)
