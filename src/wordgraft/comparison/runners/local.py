"""Runs in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import RunRequest, attempted, unfinished
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell, MethodRun
from wordgraft.comparison.runners.protocol import BudgetOver, stopped_after


@dataclass(frozen=True)
class LocalRunner:
    """Makes runs in this process, one after the other."""

    @contextmanager
    def started(self, methods: MadeMethods, data: Data) -> Iterator[LocalQueue]:
        yield LocalQueue(methods, data)


class LocalQueue:
    """Makes a run when `result` is called."""

    slots = 1

    def __init__(self, methods: MadeMethods, data: Data) -> None:
        self._methods, self._data = methods, data
        self._waiting: list[RunRequest] = []

    def submit(self, cell: Cell, trials: int) -> None:
        self._waiting.append(RunRequest(cell, trials))

    def result(self, seconds: float | None) -> MethodRun:
        request = self._waiting.pop(0)
        name = request.cell.method
        try:
            with stopped_after(seconds):
                method = self._methods.get(name)
                request = replace(request, preparation_seconds=self._methods.preparation(name))
                return attempted(method, self._data, request)
        except BudgetOver:
            return unfinished(self._data, request, "cancelled", "the budget ended")
