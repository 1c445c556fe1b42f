"""What a fitted method costs: its latency, its speed and the memory that its training took."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from wordgraft.comparison.methods import Predictor

# The latency is measured on this many texts, one at a time, after a warm-up; on fewer, if they
# take longer than this many seconds.
_LATENCY_TEXTS, _WARM_UP, _FEWEST, _LATENCY_SECONDS = 40, 5, 10, 0.5
# The speed is measured on this many texts together, or as many as fill this many seconds.
_SPEED_TEXTS, _SPEED_SECONDS = 256, 1.0
_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def latency_ms(predictor: Predictor, texts: Sequence[Any]) -> float:
    """Median milliseconds to predict one text, when texts come one at a time."""
    places = np.linspace(0, len(texts) - 1, _LATENCY_TEXTS + _WARM_UP).round().astype(int)
    times: list[float] = []
    for place in np.random.default_rng(0).permutation(places):
        started = time.perf_counter()
        predictor.predict([texts[place]])
        times.append(time.perf_counter() - started)
        if len(times) >= _WARM_UP + _FEWEST and sum(times) > _LATENCY_SECONDS:
            break
    return 1000 * median(times[_WARM_UP:])


def texts_per_second(predictor: Predictor, texts: Sequence[Any], latency: float) -> float:
    """Texts per second when many are predicted together; `latency` in ms sets how many."""
    enough = int(np.clip(1000 * _SPEED_SECONDS / max(latency, 1e-3), 32, _SPEED_TEXTS))
    some = texts[:enough]
    started = time.perf_counter()
    predictor.predict(some)
    return len(some) / max(time.perf_counter() - started, 1e-9)


class PeakMemory:
    """How much the resident memory of this process grows, if the system reports it."""

    def __init__(self) -> None:
        self._start: float | None = None
        try:
            _CLEAR.write_text("5")  # resets the peak
        except OSError:
            return
        self._start = _status_mb("VmRSS")

    def rise(self) -> float | None:
        """Megabytes from the start to the highest peak since."""
        peak = _status_mb("VmHWM")
        if self._start is None or peak is None:
            return None
        return round(max(peak - self._start, 0.0), 1)


def _status_mb(name: str) -> float | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(values[0]) / 1000 if values else None


def machine() -> str:
    """The machine that times were measured on, and its threads."""
    torch = sys.modules.get("torch")
    threads = f", {torch.get_num_threads()} PyTorch threads" if torch is not None else ""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs{threads}"
