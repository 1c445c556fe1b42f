"""Latency, speed and memory of known predictors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from wordgraft.comparison.measuring import PeakMemory, latency_ms, texts_per_second


class Predictor:
    """Takes a known time for each call and for each text, on a clock of its own."""

    def __init__(self, call: float, text: float) -> None:
        self.call, self.text = call, text
        self.now = 0.0
        self.numbers: list[int] = []

    def predict(self, texts: Sequence[str]) -> list[str]:
        self.numbers.append(len(texts))
        self.now += self.call + self.text * len(texts)
        return ["x"] * len(texts)


Make = Callable[[float, float], Predictor]


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a predictor, whose clock measures it."""

    def made(call: float, text: float) -> Predictor:
        predictor = Predictor(call, text)
        clock = SimpleNamespace(perf_counter=lambda: predictor.now)
        monkeypatch.setattr("wordgraft.comparison.measuring.time", clock)
        return predictor

    return made


def test_latency_is_that_of_single_texts(predictor: Make) -> None:
    quick = predictor(0.004, 0.001)
    assert latency_ms(quick, [f"text {i}" for i in range(100)]) == pytest.approx(5)
    assert quick.numbers == [1] * 45  # five to warm up and forty to measure


def test_a_slow_predictor_is_asked_less_often(predictor: Make) -> None:
    slow = predictor(0.06, 0.0)
    assert latency_ms(slow, ["a", "b"]) == pytest.approx(60)
    assert len(slow.numbers) == 15  # five to warm up and ten to measure


def test_speed_is_that_of_many_texts_together(predictor: Make) -> None:
    quick = predictor(0.064, 0.001)
    assert texts_per_second(quick, ["text"] * 1_000, latency=1.0) == pytest.approx(800)
    assert quick.numbers == [256]
    texts_per_second(quick, ["text"] * 1_000, latency=100.0)
    assert quick.numbers[-1] == 32


def test_memory_that_was_freed_counts_in_the_peak() -> None:
    peak = PeakMemory()
    if peak.rise() is None:
        pytest.skip("the system does not tell a process's peak memory")
    block = np.ones(25_000_000)  # 200 MB
    del block
    assert 150 < (peak.rise() or 0) < 400
