"""`compare`: arms x sizes x seeds, as many as the budget allows, into a folder of records."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import Run, unfinished
from wordgraft.comparison.methods import ArmSpec, MadeArms, chosen_arms
from wordgraft.comparison.planner import SLACK, Speeds, cells_of, forecast, next_cell
from wordgraft.comparison.records import ArmRun, Cell, ReportFolder
from wordgraft.comparison.runners.engine import TimeIsOver, engine_of, stopped_after
from wordgraft.comparison.splits import checked_sizes, largest_sample, sizes_up_to
from wordgraft.comparison.table_cache import Materials
from wordgraft.core.progress import progress_bar
from wordgraft.errors import TrainingError

_LOG = logging.getLogger(__name__)
SEEDS, SIZES, TRIALS = 5, 4, 1
# An arm that failed so often is given up.
_MOST_FAILURES = 2


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparison and what has come of it so far.

    Attributes:
        data: the texts and labels.
        description: what is compared, as `comparison.json` holds it.
        runs: the finished ones, by arm, size and seed.
        unfinished: those that failed or were cancelled.
        notes: what a reader should know before the figures.
        interrupted: whether Ctrl-C ended it.
    """

    data: Data
    description: Mapping[str, Any]
    runs: tuple[ArmRun, ...]
    unfinished: tuple[ArmRun, ...]
    notes: tuple[str, ...]
    interrupted: bool = False

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that have a finished run, in the order they were asked for."""
        have = {run.arm for run in self.runs}
        return tuple(arm for arm in self.description["arms"] if arm in have)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that have a finished run."""
        return tuple(sorted({run.size for run in self.runs}))

    @property
    def missing(self) -> int:
        """Runs that were planned and not finished."""
        planned = (
            len(self.description["arms"])
            * len(self.description["sizes"])
            * len(self.description["seeds"])
        )
        return planned - len(self.runs)


def compare(
    data: Data,
    materials: Materials,
    folder: Path,
    *,
    arms: Sequence[str] | None = None,
    sizes: Sequence[int | str] | int = SIZES,
    seeds: int = SEEDS,
    trials: int = TRIALS,
    budget: float | None = None,
    resume: bool = False,
    force: bool = False,
    engine: str = "local",
    address: str | None = None,
    jobs: int = 1,
    described: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Comparison:
    """Run every arm on every size with every seed, and keep a record of each run in `folder`.

    Args:
        arms: names of `ARMS`; by default all that task and materials allow.
        sizes: how many sizes up to all data, or the sizes themselves (`all` among them).
        seeds: runs an arm and size; those of one seed share their texts across arms.
        trials: settings that each arm may try in a run.
        budget: seconds; runs that do not fit are left out, the most instructive made first.
        resume: go on with the comparison in `folder`, repeating no finished run.
        force: start over, whatever comparison `folder` holds.
        engine, address: `local`, or `ray` and the address of a cluster.
        jobs: runs that `local` makes side by side, each with its share of the threads; above 1,
            in processes of their own. `wordgraft.comparison.fitting_jobs()` is what this machine
            carries.
        described: what else to keep in the description, such as the command.

    On Ctrl-C the run at work is kept as cancelled, and what was finished is returned, with a note.
    Raises `OutputError` and `ProgressError` for a folder that cannot be used, and `TrainingError`
    for arms that cannot run, and when no run was finished.
    """
    clock = _Clock(budget)
    specs, left_out = chosen_arms(arms, materials)
    largest = largest_sample(data.strata, range(seeds))
    kinds = len(data.judge.names)
    chosen = (
        sizes_up_to(largest, sizes, kinds=kinds)
        if isinstance(sizes, int)
        else checked_sizes(sizes, largest)
    )
    kept = ReportFolder(folder)
    description = _description(data, materials, specs, chosen, seeds, trials, described or {})
    kept.begin(description, resume=resume, force=force)
    if materials.folder is None:
        materials.folder = folder / "tables"
    materials.judged = data.test_texts
    loop = _Loop(data, kept, specs, chosen, seeds, trials, clock)
    made = MadeArms({spec.name: spec for spec in specs}, materials)
    with engine_of(engine, address, jobs, made, data) as where:
        notes = [*loop.run(where, progress=progress)]
    found = opened(kept, data, description, notes=(*data.notes, *left_out, *notes))
    return replace(found, interrupted=loop.interrupted)


def opened(
    kept: ReportFolder, data: Data, description: Mapping[str, Any], *, notes: Sequence[str] = ()
) -> Comparison:
    """The comparison as its folder holds it. Raises `TrainingError` when no run is finished."""
    wanted = set(cells_of(description["arms"], description["sizes"], description["seeds"]))
    runs = tuple(run for run in kept.runs() if run.cell in wanted)
    rest = (*kept.runs("failed"), *kept.runs("cancelled"))
    if not runs:
        failed = [run for run in rest if run.status == "failed"]
        why = f": {failed[0].arm} failed with {failed[0].error}" if failed else ""
        raise TrainingError(
            "; ".join(["no run was finished" + why, *notes[len(data.notes) :]])
            + f"; {kept.path} keeps what was begun"
        )
    return Comparison(data, description, runs, rest, tuple(notes))


def _description(
    data: Data,
    materials: Materials,
    specs: Sequence[ArmSpec],
    sizes: Sequence[int],
    seeds: int,
    trials: int,
    described: Mapping[str, Any],
) -> dict[str, Any]:
    named = None if materials.checkpoint is None else materials.opened()
    return {
        "task": data.task,
        "data_sha256": data.sha256,
        "texts": len(data.texts),
        "test_texts": len(data.test_texts),
        "labels": list(data.judge.names),
        "metric": data.judge.metric,
        "arms": [spec.name for spec in specs],
        "sizes": list(sizes),
        "seeds": list(range(seeds)),
        "trials": trials,
        "network": materials.network,
        "checkpoint": materials.checkpoint,
        "checkpoint_sha256": None if named is None else named.sha256,
        "corpus": list(materials.corpus),
        "vectors": None if materials.vectors is None else str(materials.vectors),
        **described,
    }


class _Clock:
    """What is left of a budget in seconds."""

    def __init__(self, budget: float | None) -> None:
        self.budget = budget
        self._end = None if budget is None else time.monotonic() + budget

    def left(self) -> float | None:
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        return self.left() == 0.0


class _Loop:
    """Chooses runs, hands them to an engine, and keeps what comes back."""

    def __init__(
        self,
        data: Data,
        kept: ReportFolder,
        specs: Sequence[ArmSpec],
        sizes: Sequence[int],
        seeds: int,
        trials: int,
        clock: _Clock,
    ) -> None:
        self.data, self.kept, self.trials, self.clock = data, kept, trials, clock
        cells = cells_of([spec.name for spec in specs], sizes, range(seeds))
        self.speeds = Speeds()
        self.done = [run for run in kept.runs() if run.cell in set(cells)]
        for run in self.done:
            self.speeds.add(run.arm, run.size, max(run.whole_seconds, run.seconds))
        finished = {run.cell for run in self.done}
        self.left = dict.fromkeys(cell for cell in cells if cell not in finished)
        self.running: dict[Cell, None] = {}
        self.failures: Counter[str] = Counter()
        self.total = len(cells)
        self.interrupted = False
        self.cancelled = 0

    def run(self, engine: Any, *, progress: bool) -> Sequence[str]:
        """Until nothing is left, or nothing fits the time; notes on what was left out."""
        if self.done:
            _LOG.info("%s finished runs are kept as they are", f"{len(self.done):,}")
        cells_done = [run.cell for run in self.done]
        with progress_bar("comparing", self.total, show=progress) as advance:
            advance(len(cells_done))
            try:
                while True:
                    self._submit(engine, cells_done)
                    if not self.running:
                        break
                    run = engine.result(self.clock.left())
                    self._keep(run, cells_done)
                    advance(note=f"{run.arm}, {run.size:,} texts")
            except KeyboardInterrupt:
                self.interrupted = True
                for cell in self.running:
                    what = Run(cell, self.trials, 0.0)
                    self.kept.save(unfinished(self.data, what, "cancelled", "interrupted"))
                left = len(self.left) + len(self.running)
                return [
                    f"interrupted: {left:,} of {self.total:,} runs are missing; go on with "
                    f"--resume {self.kept.path}"
                ]
        return self._notes()

    def _submit(self, engine: Any, done: list[Cell]) -> None:
        while len(self.running) < engine.slots and self.left and not self.clock.over:
            begun = [*done, *self.running]
            cell = next_cell(list(self.left), begun, self.speeds, self.clock.left())
            if cell is None:
                return
            del self.left[cell]
            self.running[cell] = None
            try:
                with stopped_after(self.clock.left()):  # an arm's table may have to be made
                    engine.submit(cell, self.trials)
            except TimeIsOver:
                run = Run(cell, self.trials, 0.0)
                self._keep(unfinished(self.data, run, "cancelled", "the budget ended"), done)

    def _keep(self, run: ArmRun, done: list[Cell]) -> None:
        del self.running[run.cell]
        self.kept.save(run)
        if run.status == "done":
            # With judging and measuring, which the budget pays too.
            self.speeds.add(run.arm, run.size, run.whole_seconds)
            done.append(run.cell)
        elif run.status == "cancelled":
            self.cancelled += 1
        else:
            _LOG.warning("%s with %s texts failed: %s", run.arm, f"{run.size:,}", run.error)
            self.failures[run.arm] += 1
            if self.failures[run.arm] >= _MOST_FAILURES:
                for cell in [cell for cell in self.left if cell.arm == run.arm]:
                    del self.left[cell]

    def _notes(self) -> list[str]:
        notes = []
        missing = len(self.left) + self.cancelled
        if missing:
            seconds = sum(forecast(self.left, self.speeds).values()) * SLACK
            more = f", which would take about {seconds:,.0f} s more" if seconds >= 1 else ""
            notes.append(
                f"the budget, {self.clock.budget or 0:,.0f} s for runs, left out {missing:,} of "
                f"{self.total:,} runs{more}"
            )
        for arm, count in self.failures.items():
            notes.append(f"{count:,} runs of {arm} failed; failed/ has their errors")
        return notes
