"""Where runs are made: `local`, on this machine, or `ray`, on the machines of a cluster."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import Run, measured, unfinished
from wordgraft.comparison.methods import Arm, MadeArms
from wordgraft.comparison.records import ArmRun, Cell
from wordgraft.core.optional import require
from wordgraft.errors import ClusterError, WordgraftError

ENGINES = ("local", "ray")
# What a run may end with that says something of this arm and these texts alone.
_FAULTS = (WordgraftError, ValueError, RuntimeError, MemoryError, ArithmeticError, OSError)


class TimeIsOver(BaseException):
    """The budget ended within a run. No `Exception`: nothing on the way may take it for a fault."""


class Engine(Protocol):
    """Takes runs and gives their records back.

    Attributes:
        slots: how many runs it works on at once.
    """

    @property
    def slots(self) -> int: ...

    def submit(self, cell: Cell, trials: int) -> None:
        """Begin a run."""

    def result(self, seconds: float | None) -> ArmRun:
        """The record of a run that has ended; `cancelled` if none does within `seconds`."""


def attempted(arm: Arm, data: Data, run: Run) -> ArmRun:
    """The record of a run, also of one that fails."""
    try:
        return measured(arm, data, run)
    except _FAULTS as error:
        return unfinished(data, run, "failed", error)


class Local:
    """In this process, one after the other."""

    slots = 1

    def __init__(self, arms: MadeArms, data: Data) -> None:
        self._arms, self._data = arms, data
        self._waiting: list[Run] = []

    def submit(self, cell: Cell, trials: int) -> None:
        self._waiting.append(Run(cell, trials, 0.0))

    def result(self, seconds: float | None) -> ArmRun:
        run = self._waiting.pop(0)
        try:
            with stopped_after(seconds):
                arm = self._arms.get(run.cell.arm)
                run = Run(run.cell, run.trials, self._arms.preparation(run.cell.arm))
                return attempted(arm, self._data, run)
        except TimeIsOver:
            return unfinished(self._data, run, "cancelled", "the budget ended")


@contextmanager
def engine_of(
    name: str, address: str | None, jobs: int, arms: MadeArms, data: Data
) -> Iterator[Engine]:
    """The engine of a name, ready to run. Raises `ClusterError` and `MissingExtraError`.

    `jobs` is how many runs `local` makes side by side.
    """
    if name not in ENGINES:
        raise ClusterError(f"engine {name!r} is none of {', '.join(ENGINES)}")
    if jobs < 1:
        raise ClusterError(f"jobs is {jobs!r}, expected a whole number from 1")
    if name == "local":
        if address is not None:
            raise ClusterError("an address is of use to the engine 'ray' only; give --engine ray")
        if jobs == 1:
            yield Local(arms, data)
            return
        from wordgraft.comparison.runners.processes import processes

        with processes(arms, data, jobs) as side_by_side:
            yield side_by_side
        return
    if jobs != 1:
        raise ClusterError("jobs are of use to the engine 'local' only; Ray takes all its CPUs")
    require("ray", purpose="the engine 'ray'")
    from wordgraft.comparison.runners.ray import OnRay
    from wordgraft.core.ray import connected

    with connected(address):
        yield OnRay(arms, data)


@contextmanager
def stopped_after(seconds: float | None) -> Iterator[None]:
    """Raise `TimeIsOver` in the block once the time is over, where the system can.

    Only a main thread gets signals, and only POSIX has this timer; elsewhere a run ends by itself.
    """
    can = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not can:
        yield
        return

    def over(*_: Any) -> None:
        raise TimeIsOver

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
