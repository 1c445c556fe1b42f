"""One run of a method: fitted, scored and measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.measuring import PeakMemory, latency_ms, machine, texts_per_second
from wordgraft.comparison.methods import Method
from wordgraft.comparison.records import Cell, MethodRun
from wordgraft.comparison.splits import split
from wordgraft.core.versions import library_versions
from wordgraft.errors import WordgraftError

# Errors that concern this method on these texts only; the other runs go on.
_FAULTS = (WordgraftError, ValueError, RuntimeError, MemoryError, ArithmeticError, OSError)


@dataclass(frozen=True)
class RunRequest:
    """What a run needs beside its method; small enough to be sent to another machine."""

    cell: Cell
    trials: int
    preparation_seconds: float = 0.0


def attempted(method: Method, data: Data, request: RunRequest) -> MethodRun:
    """The record of a run, whether it succeeds or fails."""
    try:
        return measured(method, data, request)
    except _FAULTS as error:
        return unfinished(data, request, "failed", error)


def measured(method: Method, data: Data, request: RunRequest) -> MethodRun:
    """Fit on the sample, score on both parts, and measure. Raises what the method raises."""
    started_at, cell = datetime.now(UTC).isoformat(timespec="seconds"), request.cell
    parts = split(data.strata, cell.seed)
    sample = parts.sample(cell.size)
    peak = PeakMemory()
    started = time.perf_counter()
    fitted = method.fit(
        [data.texts[i] for i in sample],
        [data.labels[i] for i in sample],
        seed=cell.seed,
        trials=request.trials,
    )
    seconds = time.perf_counter() - started
    memory = peak.rise()
    scored_parts = {
        "validation": (
            [data.texts[i] for i in parts.validation],
            [data.labels[i] for i in parts.validation],
        ),
        "test": (data.test_texts, data.test_labels),
    }
    scores, predictions = {}, {}
    for part, (texts, labels) in scored_parts.items():
        predictions[part] = data.scorer.coded(list(fitted.predictor.predict(texts)))
        scores[part] = _scores(data, labels, predictions[part])
    size = fitted.size()
    timed = fitted.fresh or fitted.predictor
    latency = latency_ms(timed, data.test_texts)
    speed = texts_per_second(timed, data.test_texts, latency)
    return MethodRun(
        method=cell.method,
        size=cell.size,
        seed=cell.seed,
        status="done",
        data_sha256=data.sha256,
        scores=scores,
        predictions=predictions,
        seconds=round(seconds, 4),
        total_seconds=round(time.perf_counter() - started, 4),
        preparation_seconds=round(request.preparation_seconds, 3),
        memory_mb=memory,
        parameters=fitted.parameters,
        size_bytes=size,
        latency_ms=round(latency, 4),
        texts_per_second=round(speed, 1),
        settings=dict(fitted.settings),
        trials=request.trials,
        training=None if fitted.training is None else dict(fitted.training),
        versions=library_versions(),
        machine=machine(),
        started=started_at,
    )


def unfinished(
    data: Data, request: RunRequest, status: str, error: BaseException | str
) -> MethodRun:
    """The record of a run that failed or was cancelled."""
    return MethodRun(
        request.cell.method,
        request.cell.size,
        request.cell.seed,
        status,
        data.sha256,
        error=error if isinstance(error, str) else f"{type(error).__name__}: {error}",
        trials=request.trials,
        versions=library_versions(),
        machine=machine(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _scores(data: Data, labels: Sequence[Any], predicted: Sequence[Any]) -> dict[str, float]:
    scorer = data.scorer
    sums = scorer.counts(scorer.coded(labels), predicted).sum(axis=0)
    scores = {scorer.metric: round(float(scorer.score(sums)), 6)}
    accuracy = scorer.accuracy(sums)
    if accuracy is not None:
        scores["accuracy"] = round(accuracy, 6)
    return scores
