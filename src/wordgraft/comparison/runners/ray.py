"""Runs as tasks of Ray: the data and each arm are sent once, records come back."""

from __future__ import annotations

from typing import Any

import ray

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import Run, unfinished
from wordgraft.comparison.methods import MadeArms
from wordgraft.comparison.records import ArmRun, Cell
from wordgraft.comparison.runners.engine import attempted

# A run trains on one CPU, so that as many go side by side as there are.
_CPUS = 1


@ray.remote(num_cpus=_CPUS, max_retries=2)
def _attempted(arm: Any, data: Data, run: Run) -> ArmRun:
    return attempted(arm, data, run)


class OnRay:
    """On all CPUs of the cluster that this process is connected to."""

    def __init__(self, arms: MadeArms, data: Data) -> None:
        self._arms, self._data = arms, data
        self._stored = ray.put(data)
        self._stored_arms: dict[str, Any] = {}
        self._running: dict[Any, Run] = {}

    @property
    def slots(self) -> int:
        found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return max(1, int(found.get("CPU", 1) // _CPUS))

    def submit(self, cell: Cell, trials: int) -> None:
        name = cell.arm
        if name not in self._stored_arms:
            self._stored_arms[name] = ray.put(self._arms.get(name))
        run = Run(cell, trials, self._arms.preparation(name))
        task = _attempted.remote(self._stored_arms[name], self._stored, run)
        self._running[task] = run

    def result(self, seconds: float | None) -> ArmRun:
        ended, _ = ray.wait(list(self._running), num_returns=1, timeout=seconds)
        if not ended:
            task, run = self._running.popitem()
            ray.cancel(task, force=True)
            return unfinished(self._data, run, "cancelled", "the budget ended")
        run = self._running.pop(ended[0])
        try:
            found: ArmRun = ray.get(ended[0])
        except ray.exceptions.RayError as error:
            # A worker that died again and again, for want of memory as a rule.
            return unfinished(self._data, run, "failed", f"{type(error).__name__} on a worker")
        return found
