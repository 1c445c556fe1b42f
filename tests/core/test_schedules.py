"""Schedules against numbers by hand."""

from __future__ import annotations

import math

import pytest

from wordgraft.core.schedules import SCHEDULES, warmup_cosine


def test_linear_rises_in_a_tenth_and_falls_to_nothing() -> None:
    factor = SCHEDULES["linear"](100)
    assert [factor(step) for step in (0, 4, 9, 10)] == [0.1, 0.5, 1.0, 1.0]
    assert factor(55) == pytest.approx(0.5)
    assert factor(100) == 0


def test_constant_never_changes() -> None:
    assert SCHEDULES["constant"](10)(7) == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_one_step_has_a_rate(name: str) -> None:
    assert SCHEDULES[name](1)(0) > 0


def test_cosine_rises_in_a_tenth_and_falls_to_zero() -> None:
    factor = warmup_cosine(20)
    rates = [factor(step) for step in range(21)]
    assert rates[:2] == [0.5, (1 + math.cos(math.pi / 20)) / 2]
    assert rates[10] == pytest.approx(0.5)
    assert rates[20] == 0
