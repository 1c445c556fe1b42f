"""One run of an arm, and everything that is measured of it."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from wordgraft.comparison.data import Data
from wordgraft.comparison.methods import Arm, Predictor
from wordgraft.comparison.records import ArmRun, Cell
from wordgraft.comparison.splits import split
from wordgraft.core.versions import library_versions

# Texts answered one at a time to find the latency, after some to warm up; fewer, if they are slow,
# once so many seconds have passed.
_LATENCY_TEXTS, _WARM_UP, _FEWEST, _LATENCY_SECONDS = 40, 5, 10, 0.5
# Texts answered together to find the speed, and the seconds that are enough for it.
_SPEED_TEXTS, _SPEED_SECONDS = 256, 1.0
_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@dataclass(frozen=True)
class Run:
    """What a run needs beside its arm; small enough to be sent to another machine."""

    cell: Cell
    trials: int
    preparation: float


def measured(arm: Arm, data: Data, run: Run) -> ArmRun:
    """Train on the sample, judge on both parts, and measure. Raises what the arm raises."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    parts = split(data.strata, run.cell.seed)
    sample = parts.sample(run.cell.size)
    peak = _PeakMemory()
    began = time.perf_counter()
    fitted = arm.fit(
        [data.texts[i] for i in sample],
        [data.labels[i] for i in sample],
        seed=run.cell.seed,
        trials=run.trials,
    )
    seconds = time.perf_counter() - began
    memory = peak.rise()
    judged = {
        "choice": ([data.texts[i] for i in parts.choice], [data.labels[i] for i in parts.choice]),
        "test": (data.test_texts, data.test_labels),
    }
    scores, predictions = {}, {}
    for part, (texts, labels) in judged.items():
        predictions[part] = data.judge.coded(list(fitted.predictor.predict(texts)))
        scores[part] = _scores(data, labels, predictions[part])
    size = fitted.size()
    timed = fitted.fresh or fitted.predictor
    latency = _latency(timed, data.test_texts)
    speed = _speed(timed, data.test_texts, latency)
    return ArmRun(
        arm=run.cell.arm,
        size=run.cell.size,
        seed=run.cell.seed,
        status="done",
        data_sha256=data.sha256,
        scores=scores,
        predictions=predictions,
        seconds=round(seconds, 4),
        whole_seconds=round(time.perf_counter() - began, 4),
        preparation_seconds=round(run.preparation, 3),
        memory_mb=memory,
        parameters=fitted.parameters,
        size_bytes=size,
        latency_ms=round(latency, 4),
        texts_per_second=round(speed, 1),
        settings=dict(fitted.settings),
        trials=run.trials,
        training=None if fitted.training is None else dict(fitted.training),
        versions=library_versions(),
        machine=machine(),
        started=started,
    )


def unfinished(data: Data, run: Run, status: str, error: BaseException | str) -> ArmRun:
    """The record of a run that failed or was cancelled."""
    cause = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return ArmRun(
        run.cell.arm,
        run.cell.size,
        run.cell.seed,
        status,
        data.sha256,
        error=cause,
        trials=run.trials,
        versions=library_versions(),
        machine=machine(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _scores(data: Data, labels: Sequence[Any], predicted: Sequence[Any]) -> dict[str, float]:
    judge = data.judge
    sums = judge.counts(judge.coded(labels), predicted).sum(axis=0)
    found = {judge.metric: round(float(judge.score(sums)), 6)}
    accuracy = judge.accuracy(sums)
    if accuracy is not None:
        found["accuracy"] = round(accuracy, 6)
    return found


def _latency(predictor: Predictor, texts: Sequence[Any]) -> float:
    """Milliseconds to answer one text, asked for one at a time."""
    places = np.linspace(0, len(texts) - 1, _LATENCY_TEXTS + _WARM_UP).round().astype(int)
    times: list[float] = []
    for place in np.random.default_rng(0).permutation(places):
        began = time.perf_counter()
        predictor.predict([texts[place]])
        times.append(time.perf_counter() - began)
        if len(times) >= _WARM_UP + _FEWEST and sum(times) > _LATENCY_SECONDS:
            break
    return 1000 * median(times[_WARM_UP:])


def _speed(predictor: Predictor, texts: Sequence[Any], latency: float) -> float:
    """Texts a second, asked for together; `latency` in milliseconds says how many are enough."""
    enough = int(np.clip(1000 * _SPEED_SECONDS / max(latency, 1e-3), 32, _SPEED_TEXTS))
    some = texts[:enough]
    began = time.perf_counter()
    predictor.predict(some)
    return len(some) / max(time.perf_counter() - began, 1e-9)


class _PeakMemory:
    """How much this process's resident memory grows, where Linux tells."""

    def __init__(self) -> None:
        self._start: float | None = None
        try:
            _CLEAR.write_text("5")  # forget the peak so far
        except OSError:
            return
        self._start = _status("VmRSS")

    def rise(self) -> float | None:
        """Megabytes from the start to the peak since."""
        peak = _status("VmHWM")
        if self._start is None or peak is None:
            return None
        return round(max(peak - self._start, 0.0), 1)


def _status(name: str) -> float | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) / 1000 if found else None


def machine() -> str:
    """What figures of time were taken on, and with how many threads."""
    import os
    import sys

    torch = sys.modules.get("torch")
    threads = f", {torch.get_num_threads()} of PyTorch's threads" if torch is not None else ""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs{threads}"
