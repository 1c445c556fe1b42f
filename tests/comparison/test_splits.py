"""Samples: nested, in proportion, and without texts of the validation part."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.comparison.splits import (
    FOLDS,
    checked_sizes,
    largest_sample,
    sizes_up_to,
    split,
    spread_out,
)
from wordgraft.errors import DataError

STRATA = np.repeat([0, 1, 2], [700, 250, 50])


def test_samples_are_nested_and_keep_the_shares_of_the_classes() -> None:
    pool = split(STRATA, seed=3)
    small, large = pool.sample(100), pool.sample(400)
    assert set(small) < set(large)
    for sample in (small, large):
        shares = np.bincount(STRATA[sample]) / len(sample)
        np.testing.assert_allclose(shares, [0.7, 0.25, 0.05], atol=0.012)


def test_no_text_both_trains_and_validates() -> None:
    for seed in range(7):
        parts = split(STRATA, seed)
        assert not set(parts.validation) & set(parts.pool)
        assert len(parts.validation) + len(parts.pool) == len(STRATA)


def test_every_text_validates_once_over_five_seeds() -> None:
    held = np.concatenate([split(STRATA, seed).validation for seed in range(FOLDS)])
    assert sorted(held) == list(range(len(STRATA)))


def test_seeds_differ_and_repeat() -> None:
    first, again, other = (split(STRATA, seed).pool for seed in (1, 1, 6))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_a_class_of_one_or_two_texts_never_validates() -> None:
    strata = np.array([0] * 30 + [1] * 30 + [2] * 2 + [3])
    for seed in range(FOLDS):
        assert not set(strata[split(strata, seed).validation]) & {2, 3}
        assert set(strata[split(strata, seed).sample(6)]) == {0, 1, 2, 3}


def test_at_most_a_thousand_texts_validate() -> None:
    parts = split(np.repeat([0, 1], [9_000, 1_000]), 0)
    assert len(parts.validation) == 1_000
    assert len(parts.pool) == 9_000


def test_every_stratum_comes_first() -> None:
    order = spread_out(STRATA, np.random.default_rng(0))
    assert sorted(STRATA[order[:3]]) == [0, 1, 2]


def test_sizes_are_geometric_and_end_with_all() -> None:
    assert sizes_up_to(8_543) == (134, 534, 2_136, 8_543)
    assert sizes_up_to(16) == (16,)
    assert sizes_up_to(1_000, kinds=77) == (1_000,)
    assert sizes_up_to(8_543, 2) == (2_136, 8_543)


def test_requested_sizes() -> None:
    assert checked_sizes(["100", "all", 50], 300) == (50, 100, 300)
    with pytest.raises(DataError, match=r"training sizes 400 are too large: 300 texts"):
        checked_sizes([400], 300)
    with pytest.raises(DataError, match="expected at least 2"):
        checked_sizes([1], 300)


def test_the_largest_sample_fits_every_seed() -> None:
    assert largest_sample(np.zeros(13, int), range(5)) == 10
