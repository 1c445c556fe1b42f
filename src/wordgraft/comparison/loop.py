"""The loop of a comparison: chooses runs, hands them to a runner, and saves their records."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import RunRequest, unfinished
from wordgraft.comparison.planner import SLACK, Speeds, forecast, next_cell
from wordgraft.comparison.record_folder import RecordFolder
from wordgraft.comparison.records import Cell, MethodRun
from wordgraft.comparison.runners.protocol import BudgetOver, RunQueue, stopped_after
from wordgraft.core.progress import progress_bar

_LOG = logging.getLogger(__name__)
# A method is dropped after this many failures.
_MOST_FAILURES = 2


class Clock:
    """The remaining seconds of a budget; without a budget, time never ends."""

    def __init__(self, budget: float | None) -> None:
        self.budget = budget
        self._end = None if budget is None else time.monotonic() + budget

    def left(self) -> float | None:
        """Seconds left, at least 0; None without a budget."""
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        return self.left() == 0.0


class ComparisonLoop:
    """The runs of a comparison that are still to be made.

    Args:
        cells: all runs of the comparison; those that the folder holds are not repeated.
        trials: settings that a method may try in each run.
    """

    def __init__(
        self, data: Data, folder: RecordFolder, cells: Sequence[Cell], trials: int, clock: Clock
    ) -> None:
        self._data, self._folder, self._trials, self._clock = data, folder, trials, clock
        self._speeds = Speeds()
        finished_runs = [run for run in folder.runs() if run.cell in set(cells)]
        for run in finished_runs:
            self._speeds.add(run.method, run.size, max(run.total_seconds, run.seconds))
        self._finished = [run.cell for run in finished_runs]
        self._left = dict.fromkeys(cell for cell in cells if cell not in set(self._finished))
        self._running: dict[Cell, None] = {}
        self._failures: Counter[str] = Counter()
        self._total = len(cells)
        self._cancelled = 0
        self.interrupted = False

    def run(self, queue: RunQueue, *, progress: bool) -> list[str]:
        """Make runs until none is left or none fits the time; notes on what was left out."""
        if self._finished:
            _LOG.info("%s finished runs are not repeated", f"{len(self._finished):,}")
        with progress_bar("comparing", self._total, show=progress) as advance:
            advance(len(self._finished))
            try:
                while True:
                    self._submit(queue)
                    if not self._running:
                        break
                    run = queue.result(self._clock.left())
                    self._save(run)
                    advance(note=f"{run.method}, {run.size:,} texts")
            except KeyboardInterrupt:
                return [self._interrupt()]
        return self._notes()

    def _submit(self, queue: RunQueue) -> None:
        while len(self._running) < queue.slots and self._left and not self._clock.over:
            begun = [*self._finished, *self._running]
            cell = next_cell(list(self._left), begun, self._speeds, self._clock.left())
            if cell is None:
                return
            del self._left[cell]
            self._running[cell] = None
            try:
                with stopped_after(self._clock.left()):  # the method's table may have to be made
                    queue.submit(cell, self._trials)
            except BudgetOver:
                self._save(self._cancelled_run(cell, "the budget ended"))

    def _save(self, run: MethodRun) -> None:
        # In this order, so that a run whose saving is interrupted counts as missing.
        self._folder.save(run)
        del self._running[run.cell]
        if run.status == "done":
            # Scoring and measuring take their share of the budget too.
            self._speeds.add(run.method, run.size, run.total_seconds)
            self._finished.append(run.cell)
        elif run.status == "cancelled":
            self._cancelled += 1
        else:
            _LOG.warning("%s with %s texts failed: %s", run.method, f"{run.size:,}", run.error)
            self._failures[run.method] += 1
            if self._failures[run.method] >= _MOST_FAILURES:
                for cell in [cell for cell in self._left if cell.method == run.method]:
                    del self._left[cell]

    def _interrupt(self) -> str:
        self.interrupted = True
        for cell in self._running:
            self._folder.save(self._cancelled_run(cell, "interrupted"))
        left = len(self._left) + len(self._running)
        return (
            f"interrupted: {left:,} of {self._total:,} runs are missing; continue with resume=True"
        )

    def _cancelled_run(self, cell: Cell, cause: str) -> MethodRun:
        return unfinished(self._data, RunRequest(cell, self._trials), "cancelled", cause)

    def _notes(self) -> list[str]:
        notes = []
        missing = len(self._left) + self._cancelled
        if missing:
            seconds = sum(forecast(self._left, self._speeds).values()) * SLACK
            more = f", which would take about {seconds:,.0f} s more" if seconds >= 1 else ""
            notes.append(
                f"the budget, {self._clock.budget or 0:,.0f} s for runs, left out {missing:,} of "
                f"{self._total:,} runs{more}"
            )
        for method, count in self._failures.items():
            notes.append(f"{count:,} runs of {method} failed; the folder failed/ has their errors")
        return notes
