"""Intervals and p values on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.metrics.bootstrap import (
    holm,
    interval_of,
    mean_over_seeds,
    text_draws,
    two_sided_p,
    weighted_sums,
)


def test_holm_against_numbers_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_draw_holds_as_many_texts_and_repeats() -> None:
    draws = text_draws(50, 200, [3])
    assert draws.sum(axis=1).tolist() == [50] * 200
    assert (draws == text_draws(50, 200, [3])).all()
    # Each text is left out of a draw with a probability of (1 - 1/50)^50, about 0.364.
    assert (draws == 0).mean() == pytest.approx(0.364, abs=0.01)


def test_sums_are_those_of_the_repeated_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    weights, counts = text_draws(7, 5, [0]), rng.integers(0, 3, (7, 4)).astype(np.float32)
    expected = [np.repeat(counts, row, axis=0).sum(axis=0) for row in weights]
    np.testing.assert_array_equal(weighted_sums(weights, counts), expected)
    monkeypatch.setattr("wordgraft.metrics.bootstrap._CELLS_AT_ONCE", 14)  # two draws at once
    np.testing.assert_array_equal(weighted_sums(weights, counts), expected)


def test_seeds_widen_the_spread_as_their_variance_says() -> None:
    rng = np.random.default_rng(0)
    scores = np.tile([0.5, 0.6, 0.7], (20_000, 1)) + rng.normal(0, 1e-6, (20_000, 3))
    spread = mean_over_seeds(scores, (0, 1, 2))
    # The variance of a mean of three with this sample variance (0.01): 0.01 / 3.
    assert spread.std() == pytest.approx((0.01 / 3) ** 0.5, rel=0.03)
    assert (mean_over_seeds(scores[:, :1], (0,)) == scores[:, 0]).all()


def test_an_interval_covers_a_mean_as_often_as_it_says() -> None:
    inside = 0
    for trial in range(200):
        correct = (np.random.default_rng([trial, 5]).random(200) < 0.8).astype(np.float32)
        shares = weighted_sums(text_draws(200, 300, [trial]), correct[:, None])[:, 0] / 200
        low, high = interval_of(shares)
        inside += low <= 0.8 <= high
    assert 180 <= inside <= 199


def test_p_values_of_a_clear_and_of_no_difference() -> None:
    rng = np.random.default_rng(0)
    assert two_sided_p(rng.normal(1, 0.1, 999)) == pytest.approx(0.002)
    assert two_sided_p(rng.normal(0, 1, 999)) > 0.5
    assert two_sided_p(np.zeros(9)) == 1
