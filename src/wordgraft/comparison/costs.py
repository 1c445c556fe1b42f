"""What a method costs to train and to use, and the limits that a user sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from wordgraft.comparison.records import MethodRun
from wordgraft.comparison.statistics import Statistics


@dataclass(frozen=True)
class Limits:
    """What the user can afford; None means any amount.

    Attributes:
        latency_ms: to predict one text.
        memory_mb: growth of memory during training.
        minutes: of training, including building the table.
        size_mb: of the saved model.
    """

    latency_ms: float | None = None
    memory_mb: float | None = None
    minutes: float | None = None
    size_mb: float | None = None


@dataclass(frozen=True)
class Costs:
    """What a method costs at one size: means over its seeds, in the units of `Limits`."""

    latency_ms: float
    memory_mb: float
    minutes: float
    size_mb: float


UNITS = {
    "latency_ms": "ms per text",
    "memory_mb": "MB of memory",
    "minutes": "minutes of training",
    "size_mb": "MB on disk",
}


def costs_of(statistics: Statistics, method: str, size: int) -> Costs:
    """The costs of a method: means over its seeds."""
    runs = list(statistics.runs(method, size).values())

    def mean(value: Callable[[MethodRun], float]) -> float:
        return float(np.mean([value(run) for run in runs]))

    return Costs(
        latency_ms=mean(lambda run: run.latency_ms),
        # The first run of a process also loads libraries; the median leaves it out.
        memory_mb=float(np.median([run.memory_mb or 0.0 for run in runs])),
        minutes=mean(lambda run: (run.seconds + run.preparation_seconds) / 60),
        size_mb=mean(lambda run: run.size_bytes / 1e6),
    )


def exceeded(spent: Costs, limits: Limits) -> str:
    """The limits that are exceeded, in words; empty if none is.

    Example:
        >>> exceeded(Costs(3.0, 100.0, 1.0, 50.0), Limits(size_mb=10))
        '50 MB on disk (limit 10)'
    """
    over = [
        f"{few_digits(getattr(spent, limit.name))} {UNITS[limit.name]} (limit "
        f"{few_digits(getattr(limits, limit.name))})"
        for limit in fields(Limits)
        if getattr(limits, limit.name) is not None
        and getattr(spent, limit.name) > getattr(limits, limit.name)
    ]
    return " and ".join(over)


def few_digits(value: float) -> str:
    """Three significant digits, for people."""
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
