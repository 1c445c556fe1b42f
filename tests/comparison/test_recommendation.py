"""Recommendations on data whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_methods import FakeMethod, fake_comparison, right, texts_of

from wordgraft.comparison import Data, Limits, Statistics, costs_of, recommend


def test_the_best_method_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {
        "poor": FakeMethod(right(0.55)),
        "good": FakeMethod(right(0.95)),
        "bad": FakeMethod(right(0.5)),
    }
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods)
    advice = recommend(comparison)
    assert advice.method == "good"
    assert advice.headline == "Take good with 80 labels."
    assert any("It is ahead of poor by 0." in reason for reason in advice.reasons)
    pairs = {
        (pair.first, pair.second): pair for pair in Statistics(comparison, "test").differences(80)
    }
    assert pairs["good", "poor"].significant
    assert pairs["good", "poor"].low > 0.2


def test_shuffled_labels_say_that_nothing_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Data.of(*texts_of(240, shuffled=True), texts_of(200, seed=1, shuffled=True))
    methods = {"a": FakeMethod(right(0.9)), "b": FakeMethod(right(0.6))}
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    advice = recommend(comparison)
    assert advice.method is None
    assert advice.headline == ("Nothing works: with 80 labels no method does better than guessing.")
    assert min(Statistics(comparison, "validation").above_chance(80).values()) > 0.05


def test_the_test_part_does_not_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On the test part, labels are exchanged, so that the better method looks worse.
    turned = {"calm": "rain", "rain": "sun", "sun": "calm"}
    texts, labels = texts_of(200, seed=1)
    data = Data.of(*texts_of(240), (texts, [turned[label] for label in labels]))
    methods = {"good": FakeMethod(right(0.95)), "poor": FakeMethod(right(0.5))}
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    test = Statistics(comparison, "test")
    assert test.mean("poor", 80).value > test.mean("good", 80).value + 0.1
    assert recommend(comparison).method == "good"


def test_limits_change_the_recommendation_and_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {"large": FakeMethod(right(0.95), parameters=50_000), "small": FakeMethod(right(0.8))}
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert costs_of(Statistics(comparison, "validation"), "large", 80).size_mb == 50
    assert recommend(comparison).method == "large"
    advice = recommend(comparison, limits=Limits(size_mb=10))
    assert advice.method == "small"
    assert any(
        change.startswith("without the limits, large: 0.9")
        and change.endswith("50 MB on disk (limit 10)")
        for change in advice.changes
    )
    none = recommend(comparison, limits=Limits(size_mb=1e-6, minutes=10))
    assert none.method is None
    assert none.headline == "No method stays within the limits and does better than guessing."


def test_the_number_of_labels_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {
        "early": FakeMethod(right(0.8)),
        "late": FakeMethod(lambda n: 0.95 if n >= 80 else 0.4),
    }
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert recommend(comparison).method == "late"
    few = recommend(comparison, labels=25)
    assert (few.method, few.size) == ("early", 20)
    assert any("with 80 labels, late leads with 0.9" in change for change in few.changes)


def test_one_seed_says_that_it_may_be_luck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = fake_comparison(
        tmp_path / "r", monkeypatch, {"a": FakeMethod(right(0.9))}, seeds=1
    )
    assert (
        "With fewer than three seeds this may be luck: run more." in recommend(comparison).reasons
    )
    mean = Statistics(comparison, "test").mean("a", 80)
    assert mean.low < mean.value < mean.high


def test_methods_without_a_seed_in_common_are_not_set_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ctrl-C may leave them."""
    methods = {"good": FakeMethod(right(0.95)), "poor": FakeMethod(right(0.5))}
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, sizes=[80], seeds=2)
    halves = [run for run in comparison.runs if (run.method == "good") == (run.seed == 0)]
    advice = recommend(replace(comparison, runs=tuple(halves)))
    assert advice.method == "good"
    assert "No run of it and of poor has the same texts yet" in str(advice)
