"""Parallel runs: the same records, failures that end only their own run, and a budget."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_methods import FakeMethod, data_of, endless, fake_comparison, spec

from wordgraft.comparison import Comparison, ProcessRunner, fitting_jobs
from wordgraft.comparison.methods import Fitted, MadeMethods
from wordgraft.comparison.records import Cell
from wordgraft.comparison.table_cache import TableCache
from wordgraft.core.parallel import usable_cpus
from wordgraft.errors import ClusterError


def always(share: float, texts: int) -> float:
    del texts
    return share


def right(share: float) -> Any:
    """As that of `fake_methods`, in a form that can be sent to a process."""
    return partial(always, share)


@dataclass
class Dying(FakeMethod):
    """Ends its process, as the system does where memory is short; in the second `file`, no more."""

    file: Path | None = None

    def fit(self, texts: Sequence[str], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        if self.file is None or not self.file.exists():
            if self.file is not None:
                self.file.touch()
            os._exit(9)
        return super().fit(texts, labels, seed=seed, trials=trials)


def known(found: Comparison) -> list[tuple[Any, ...]]:
    return [(run.cell, run.scores, run.predictions) for run in found.runs]


def test_records_are_those_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"good": FakeMethod(right(0.9)), "poor": FakeMethod(right(0.5))}
    one = fake_comparison(tmp_path / "one", monkeypatch, methods, seeds=2)
    two = fake_comparison(tmp_path / "two", monkeypatch, methods, seeds=2, engine=ProcessRunner(2))
    assert len(two.runs) == 8
    assert known(two) == known(one)
    assert all(run.total_seconds >= run.seconds for run in two.runs)
    threads = max(1, usable_cpus() // 2)
    assert all(f", {threads} PyTorch threads" in run.machine for run in two.runs)


@pytest.mark.slow
def test_a_fault_and_a_dead_process_end_their_own_runs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {
        "good": FakeMethod(right(0.9)),
        "faulty": FakeMethod(right(1), fault=RuntimeError("no memory")),
        "once": Dying(right(0.7), file=tmp_path / "died"),
        "dying": Dying(right(1)),
    }
    found = fake_comparison(
        tmp_path / "x", monkeypatch, methods, seeds=1, sizes=[80], engine=ProcessRunner(2)
    )
    assert {run.method for run in found.runs} == {"good", "once"}
    errors = {run.method: run.error for run in found.unfinished}
    assert errors["faulty"] == "RuntimeError: no memory"
    assert "its process ended" in str(errors["dying"])


def workers() -> list[psutil.Process]:
    """The processes that this one has started for runs; loky has others."""
    children = psutil.Process().children()
    return [child for child in children if "--process-name" in child.cmdline()]


@pytest.mark.slow
def test_a_process_that_dies_between_two_runs_is_replaced() -> None:
    methods = MadeMethods({"good": spec("good", FakeMethod(right(0.9)))}, TableCache(()))
    with ProcessRunner(1).started(methods, data_of()) as queue:
        queue.submit(Cell("good", 20, 0), 1)
        assert queue.result(None).status == "done"
        (worker,) = workers()
        worker.kill()
        worker.wait()
        queue.submit(Cell("good", 80, 0), 1)
        assert queue.result(None).status == "done"


def begin_and_never_end(file: Path) -> None:
    file.touch()
    endless()


@pytest.mark.slow
def test_the_end_of_the_budget_ends_what_is_running(tmp_path: Path) -> None:
    names = ("endless", "forever")
    specs = {
        name: spec(name, FakeMethod(right(1), work=partial(begin_and_never_end, tmp_path / name)))
        for name in names
    }
    with ProcessRunner(2).started(MadeMethods(specs, TableCache(())), data_of()) as queue:
        for name in names:
            queue.submit(Cell(name, 20, 0), 1)
        while not all((tmp_path / name).exists() for name in names):
            assert len(workers()) == 2
            time.sleep(0.05)
        runs = [queue.result(0.0) for _ in names]
        assert workers() == []
    assert {(run.method, run.status, run.error) for run in runs} == {
        (name, "cancelled", "the budget ended") for name in names
    }


def test_as_many_as_the_machine_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    from wordgraft.comparison.runners import processes

    monkeypatch.setattr(processes, "usable_cpus", lambda: 16)
    monkeypatch.setattr(processes, "_memory", lambda: 9 * 10**9)
    assert fitting_jobs() == 4
    monkeypatch.setattr(processes, "_memory", lambda: 10**9)
    assert fitting_jobs() == 1
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert fitting_jobs() == 1


def test_jobs_below_one_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterError, match="jobs is 0; expected a whole number from 1"):
        fake_comparison(
            tmp_path, monkeypatch, {"good": FakeMethod(right(0.9))}, engine=ProcessRunner(0)
        )
