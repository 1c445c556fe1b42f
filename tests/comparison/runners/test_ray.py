"""Runs on Ray: the same records as in this process, failures, and a budget."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import fake_methods
import pytest
import ray
from clusters import start_ray
from fake_methods import FakeMethod, data_of, endless, fake_comparison, right, spec

from wordgraft.comparison import RayRunner, TableCache
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    start_ray(fake_methods, sys.modules[__name__])
    yield
    ray.shutdown()


@pytest.mark.slow
def test_records_are_those_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"good": FakeMethod(right(0.9)), "poor": FakeMethod(right(0.5))}
    here = fake_comparison(tmp_path / "here", monkeypatch, methods, seeds=2)
    there = fake_comparison(tmp_path / "there", monkeypatch, methods, seeds=2, engine="ray")
    assert len(there.runs) == 8
    same = [(run.cell, run.scores, run.predictions) for run in here.runs]
    assert [(run.cell, run.scores, run.predictions) for run in there.runs] == same
    faulty = {**methods, "broken": FakeMethod(right(1), fault=RuntimeError("no memory"))}
    found = fake_comparison(tmp_path / "faulty", monkeypatch, faulty, seeds=2, engine="ray")
    assert found.methods == ("good", "poor")
    assert {run.error for run in found.unfinished} == {"RuntimeError: no memory"}


@pytest.mark.slow
def test_the_end_of_the_budget_cancels_what_is_running() -> None:
    data = data_of()
    methods = {"endless": FakeMethod(right(1), work=endless)}
    specs = {name: spec(name, method) for name, method in methods.items()}
    with RayRunner().started(MadeMethods(specs, TableCache(data.texts)), data) as queue:
        for seed in range(2):
            queue.submit(Cell("endless", 20, seed), 1)
        runs = [queue.result(0.0) for _ in range(2)]
    assert sorted(run.seed for run in runs) == [0, 1]
    assert {(run.status, run.error) for run in runs} == {("cancelled", "the budget ended")}
