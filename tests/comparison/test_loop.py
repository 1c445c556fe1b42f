"""The loop of a comparison: failures, budgets and Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_methods import FakeMethod, fake_comparison, right, two_methods

from wordgraft.comparison.loop import Clock
from wordgraft.comparison.runners.protocol import BudgetOver
from wordgraft.errors import TrainingError

# Far more seconds than the tests take: in them, time passes only when `budget_ends` is called.
BUDGET = 7200.0


@pytest.fixture
def budget_ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Does what the clock and the timer do when the budget ends in the midst of a run."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("wordgraft.comparison.loop.time", clock)

    def end() -> None:
        now[0] = BUDGET
        raise BudgetOver

    return end


def test_a_failing_method_is_recorded_apart_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {**two_methods(), "broken": FakeMethod(right(1), fault=RuntimeError("no memory"))}
    found = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert found.methods == ("good", "poor")
    assert len(methods["broken"].fits) == 2
    assert {run.status for run in found.unfinished} == {"failed"}
    assert found.unfinished[0].error == "RuntimeError: no memory"
    assert any("2 runs of broken failed" in note for note in found.notes)
    with pytest.raises(TrainingError, match=r"no run was finished: b failed with RuntimeError: no"):
        fake_comparison(tmp_path / "s", monkeypatch, {"b": methods["broken"]})


def test_a_budget_ends_in_time_and_a_longer_run_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget_ends: Callable[[], None]
) -> None:
    methods = {"quick": FakeMethod(right(0.9)), "long": FakeMethod(right(0.9), work=budget_ends)}
    found = fake_comparison(tmp_path / "r", monkeypatch, methods, budget=BUDGET)
    assert found.methods == ("quick",)
    assert [(run.method, run.status) for run in found.unfinished] == [("long", "cancelled")]
    assert any("the budget, 7,200 s for runs, left out 11 of 12" in note for note in found.notes)
    again = {"quick": FakeMethod(right(0.9)), "long": FakeMethod(right(0.9))}
    done = fake_comparison(tmp_path / "r", monkeypatch, again, resume=True)
    assert done.unfinished == ()
    assert done.missing == 0


def test_a_budget_too_small_for_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget_ends: Callable[[], None]
) -> None:
    methods = {"long": FakeMethod(right(0.9), work=budget_ends)}
    with pytest.raises(
        TrainingError, match=r"no run was finished; the budget, 7,200 s for runs, left out 6 of 6"
    ):
        fake_comparison(tmp_path / "r", monkeypatch, methods, budget=BUDGET)


def test_ctrl_c_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"good": FakeMethod(right(0.9)), "stopped": FakeMethod(right(1))}
    methods["stopped"].fault = KeyboardInterrupt()
    found = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert found.interrupted
    assert [run.method for run in found.runs] == ["good"]
    assert [(run.method, run.status) for run in found.unfinished] == [("stopped", "cancelled")]
    assert "interrupted: 11 of 12 runs are missing; continue with resume=True" in found.notes[-1]


def test_a_clock_without_a_budget_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Clock(None).left() is None
    assert not Clock(None).over
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    clock = Clock(3.0)
    monkeypatch.setattr("time.monotonic", lambda: 102.0)
    assert clock.left() == 1.0
    monkeypatch.setattr("time.monotonic", lambda: 110.0)
    assert clock.over
