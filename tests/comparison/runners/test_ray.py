"""Runs on Ray: the same records as in this process, failures, and a budget."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import fake_methods
import pytest
import ray
from clusters import start_ray
from fake_methods import FakeMethod, fake_comparison, right


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
    slow = {**methods, "endless": FakeMethod(right(1), seconds=300)}
    found = fake_comparison(
        tmp_path / "slow", monkeypatch, slow, seeds=1, engine="ray", budget=40.0
    )
    assert found.methods == ("good", "poor")
    assert {run.status for run in found.unfinished} == {"cancelled"}
