"""Intervals and differences on data whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_methods import FakeMethod, fake_comparison, right, texts_of

from wordgraft.comparison import Data, Statistics, recommend
from wordgraft.comparison.statistics import Difference


def test_intervals_hold_the_truth_as_often_as_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = 0
    for trial in range(20):
        data = Data.of(*texts_of(120, seed=2 * trial), texts_of(250, seed=2 * trial + 1))
        methods = {"good": FakeMethod(right(0.8))}
        comparison = fake_comparison(tmp_path / str(trial), monkeypatch, methods, data, sizes=[50])
        mean = Statistics(comparison, "test", draws=500).mean("good", 50)
        inside += mean.low <= 0.8 <= mean.high
        assert mean.seeds == 3
        assert 0.02 < mean.high - mean.low < 0.2
    assert inside >= 16


def test_methods_of_one_quality_are_statistically_indistinguishable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false_alarms = 0
    for trial in range(8):
        methods = {name: FakeMethod(right(0.8)) for name in ("a", "b", "c")}
        for place, method in enumerate(methods.values()):
            method.offset = 100 * (place + 1)
        data = Data.of(*texts_of(240, seed=2 * trial), texts_of(200, seed=2 * trial + 1))
        comparison = fake_comparison(tmp_path / str(trial), monkeypatch, methods, data, sizes=[80])
        pairs = Statistics(comparison, "test").differences(80)
        assert len(pairs) == 3
        false_alarms += any(pair.significant for pair in pairs)
        if trial == 0:
            assert "statistically indistinguishable from" in recommend(comparison).headline
    assert false_alarms <= 2


def test_a_reversed_difference_is_the_second_minus_the_first() -> None:
    pair = Difference(80, "good", "poor", value=0.2, low=0.1, high=0.25, p=0.01)
    assert pair.reversed() == Difference(80, "poor", "good", -0.2, -0.25, -0.1, 0.01)
    assert pair.reversed().reversed() == pair
