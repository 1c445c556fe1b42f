"""Runs as tasks of Ray: the data and each method are sent once, and records come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import RunRequest, attempted, unfinished
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell, MethodRun
from wordgraft.core.optional import require

# A run trains on one CPU, so that as many go side by side as there are CPUs.
_CPUS = 1


@dataclass(frozen=True)
class RayRunner:
    """Makes runs on all CPUs of a Ray cluster.

    Attributes:
        address: `HOST:PORT` of a cluster's head, or `auto` on one of its machines; None takes the
            Ray that this process is connected to, or else starts one on this machine.
    """

    address: str | None = None

    @contextmanager
    def started(self, methods: MadeMethods, data: Data) -> Iterator[RayQueue]:
        require("ray", purpose="runs on Ray")
        from wordgraft.core.ray import connected

        with connected(self.address):
            yield RayQueue(methods, data)


class RayQueue:
    """Tasks on the cluster that this process is connected to."""

    def __init__(self, methods: MadeMethods, data: Data) -> None:
        self._ray: Any = require("ray", purpose="runs on Ray")
        self._methods, self._data = methods, data
        self._task = self._ray.remote(num_cpus=_CPUS, max_retries=2)(attempted)
        self._stored_data = self._ray.put(data)
        self._stored_methods: dict[str, Any] = {}
        self._running: dict[Any, RunRequest] = {}

    @property
    def slots(self) -> int:
        resources: dict[str, float] = self._ray.cluster_resources()
        return max(1, int(resources.get("CPU", 1) // _CPUS))

    def submit(self, cell: Cell, trials: int) -> None:
        name = cell.method
        if name not in self._stored_methods:
            self._stored_methods[name] = self._ray.put(self._methods.get(name))
        request = RunRequest(cell, trials, self._methods.preparation(name))
        task = self._task.remote(self._stored_methods[name], self._stored_data, request)
        self._running[task] = request

    def result(self, seconds: float | None) -> MethodRun:
        ended, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        if not ended:
            task, request = self._running.popitem()
            self._ray.cancel(task, force=True)
            return unfinished(self._data, request, "cancelled", "the budget ended")
        request = self._running.pop(ended[0])
        try:
            run: MethodRun = self._ray.get(ended[0])
        except self._ray.exceptions.RayError as error:
            # A worker that died again and again, usually for lack of memory.
            return unfinished(self._data, request, "failed", f"{type(error).__name__} on a worker")
        return run
