"""Rows of the training texts, renumbered."""

from __future__ import annotations

import numpy as np
from tables import random_table

from wordgraft.grafts.row_subset import RowSubset

TABLE = random_table(50, 8)


def test_an_id_outside_the_subset_becomes_unknown() -> None:
    subset = RowSubset.of(TABLE, np.array([5, 9]))
    assert subset.renumbered(np.array([0, 1, 5, 6, 9, 40])).tolist() == [0, 1, 2, 1, 3, 1]


def test_padding_and_unk_are_always_in_the_subset() -> None:
    subset = RowSubset.of(TABLE, np.array([9, 5, 9]))
    assert subset.rows.tolist() == [0, 1, 5, 9]
    assert len(subset) == 4
    assert subset.renumbered(np.array([[9, 0], [5, 1]])).tolist() == [[3, 0], [2, 1]]
