"""What a runner offers: a queue that takes runs and gives their records back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from wordgraft.comparison.data import Data
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell, MethodRun


class RunQueue(Protocol):
    """Takes runs and gives their records back, in the order in which they end.

    Attributes:
        slots: how many runs it works on at once.
    """

    @property
    def slots(self) -> int: ...

    def submit(self, cell: Cell, trials: int) -> None:
        """Begin a run."""

    def result(self, seconds: float | None) -> MethodRun:
        """The record of a run that has ended; a cancelled one if none ends within `seconds`."""


class Runner(Protocol):
    """Where runs are made, such as this process or a cluster."""

    def started(self, methods: MadeMethods, data: Data) -> AbstractContextManager[RunQueue]:
        """A queue for the runs of these methods; it ends with the block.

        Raises `ClusterError` and `MissingExtraError`.
        """


class BudgetOver(BaseException):
    """The budget ended during a run. Not an `Exception`, so that no method handles it."""


@contextmanager
def stopped_after(seconds: float | None) -> Iterator[None]:
    """Raise `BudgetOver` in the block after so many seconds, if the system can.

    Only the main thread receives signals, and only POSIX systems have this timer. Elsewhere, the
    block runs to its end.
    """
    possible = (
        hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    )
    if seconds is None or not possible:
        yield
        return

    def over(*_: Any) -> None:
        raise BudgetOver

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:  # also if the signal comes just here
            signal.signal(signal.SIGALRM, before)
