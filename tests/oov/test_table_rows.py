"""Rows with the weights of SIF undone."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

from wordgraft.oov.table_rows import never_counted
from wordgraft.table import Center, Pca, Scale, Sif


def test_sif_is_undone_for_what_is_learnt() -> None:
    table = random_table()
    rows = np.arange(2, 12)
    weighted = table.refine(Center(), Sif(), Scale(0.3))
    plain = table.refine(Center()).rows(rows)
    found = never_counted(weighted, rows)
    assert_allclose(found / found[0, 0], plain / plain[0, 0], rtol=1e-3, atol=1e-4)
    # Pca after Sif mixes the weights in; then the rows stay as they are.
    mixed = table.refine(Sif(), Pca(3))
    assert_array_equal(never_counted(mixed, rows), mixed.rows(rows))
