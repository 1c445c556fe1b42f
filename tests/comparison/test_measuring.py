"""Latency, speed and memory of known predictors."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from wordgraft.comparison.measuring import PeakMemory, latency_ms, texts_per_second


class Sleeper:
    """Takes a known time for each call and for each text."""

    def __init__(self, call: float, text: float) -> None:
        self.call, self.text = call, text
        self.numbers: list[int] = []

    def predict(self, texts: Sequence[str]) -> list[str]:
        self.numbers.append(len(texts))
        time.sleep(self.call + self.text * len(texts))
        return ["x"] * len(texts)


def test_latency_is_that_of_single_texts() -> None:
    sleeper = Sleeper(0.004, 0.001)
    assert 5 <= latency_ms(sleeper, [f"text {i}" for i in range(100)]) < 15
    assert set(sleeper.numbers) == {1}
    assert len(sleeper.numbers) <= 45


def test_a_slow_predictor_is_asked_less_often() -> None:
    sleeper = Sleeper(0.06, 0.0)
    assert latency_ms(sleeper, ["a", "b"]) >= 60
    assert len(sleeper.numbers) == 15  # five to warm up and ten to measure


def test_speed_is_that_of_many_texts_together() -> None:
    sleeper = Sleeper(0.0, 0.001)
    assert 300 < texts_per_second(sleeper, ["text"] * 1_000, latency=1.0) <= 1_000
    assert sleeper.numbers == [256]
    texts_per_second(sleeper, ["text"] * 1_000, latency=100.0)
    assert sleeper.numbers[-1] == 32


def test_memory_that_was_freed_counts_in_the_peak() -> None:
    peak = PeakMemory()
    if peak.rise() is None:
        pytest.skip("the system does not tell a process's peak memory")
    block = np.ones(25_000_000)  # 200 MB
    del block
    assert 150 < (peak.rise() or 0) < 400
