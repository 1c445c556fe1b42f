"""Random rows of the words of a table."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tables import random_table

from wordgraft import method_of
from wordgraft.sources.random import RANDOM_STD, random_like


def test_only_the_rows_asked_for_are_random_and_they_repeat_for_a_seed() -> None:
    table = random_table(400)
    rows = np.arange(2, 302)
    drawn = random_like(table, rows=rows, seed=0)
    assert_array_equal(drawn.vectors, random_like(table, rows=rows, seed=0).vectors)
    assert (drawn.vectors != random_like(table, rows=rows, seed=1).vectors).any()
    assert drawn.vectors[rows].std() == pytest.approx(RANDOM_STD, rel=0.05)
    assert not drawn.vectors[302:].any()
    assert not drawn.vectors[:2].any()
    assert drawn.vocabulary is table.vocabulary
    assert drawn.provenance.counts() == {"padding": 1, "zero": 101, "random": 300}


def test_out_of_vocabulary_words_are_zeros() -> None:
    drawn = random_like(random_table(), rows=np.array([2]), seed=0)
    assert method_of(drawn).name == "zero"
    assert not method_of(drawn).vectors(["unheard"]).any()
