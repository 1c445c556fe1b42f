"""Schedules against numbers by hand."""

from __future__ import annotations

import pytest

from wordgraft.training.schedules import SCHEDULES


def test_linear_rises_in_a_tenth_and_falls_to_nothing() -> None:
    factor = SCHEDULES["linear"](100)
    assert [factor(step) for step in (0, 4, 9, 10)] == [0.1, 0.5, 1.0, 1.0]
    assert factor(55) == pytest.approx(0.5)
    assert factor(100) == 0


def test_the_slanted_triangle_is_that_of_ulmfit() -> None:
    factor = SCHEDULES["slanted"](100)
    assert factor(0) == pytest.approx(1 / 32)
    assert factor(10) == 1
    assert factor(55) == pytest.approx((1 + 0.5 * 31) / 32)
    assert factor(100) == pytest.approx(1 / 32)


def test_decay_and_constant() -> None:
    assert SCHEDULES["decay"](10)(0) == 1
    assert SCHEDULES["decay"](10)(5) == 0.5
    assert SCHEDULES["constant"](10)(7) == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_one_step_has_a_rate(name: str) -> None:
    assert SCHEDULES[name](1)(0) > 0
