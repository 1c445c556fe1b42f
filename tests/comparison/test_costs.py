"""Costs and limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_methods import FakeMethod, fake_comparison, right

from wordgraft.comparison import Costs, Limits, Statistics, costs_of
from wordgraft.comparison.costs import exceeded, few_digits


def test_costs_are_means_over_seeds_and_memory_a_median(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = fake_comparison(
        tmp_path / "r", monkeypatch, {"a": FakeMethod(right(0.9))}, sizes=[20]
    )
    runs = tuple(
        replace(
            run,
            latency_ms=latency,
            memory_mb=memory,
            seconds=30.0,
            preparation_seconds=90.0,
            size_bytes=5_000_000,
        )
        for run, latency, memory in zip(
            comparison.runs, (1.0, 2.0, 6.0), (900.0, 100.0, None), strict=True
        )
    )
    spent = costs_of(Statistics(replace(comparison, runs=runs), "test"), "a", 20)
    assert spent == Costs(latency_ms=3.0, memory_mb=100.0, minutes=2.0, size_mb=5.0)


def test_only_limits_that_are_exceeded_are_named() -> None:
    spent = Costs(latency_ms=3.0, memory_mb=100.0, minutes=1.0, size_mb=50.0)
    assert exceeded(spent, Limits()) == ""
    assert exceeded(spent, Limits(latency_ms=3.0)) == ""
    limits = Limits(latency_ms=2.5, minutes=0.5, size_mb=60)
    assert exceeded(spent, limits) == (
        "3 ms per text (limit 2.5) and 1 minutes of training (limit 0.5)"
    )
    assert (few_digits(0.12345), few_digits(12_345)) == ("0.123", "12,345")
