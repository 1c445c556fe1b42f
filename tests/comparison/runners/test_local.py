"""Runs in this process, and the choice of a runner by name."""

from __future__ import annotations

import signal

import pytest
from fake_methods import FakeMethod, data_of, right, spec

from wordgraft.comparison import LocalRunner, ProcessRunner, RayRunner, TableCache
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell
from wordgraft.comparison.runners import runner_of
from wordgraft.errors import ClusterError

SECONDS = 7200.0


def time_is_over() -> None:
    """Sends the signal of the timer, which is far from its end."""
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= SECONDS
    signal.raise_signal(signal.SIGALRM)


def test_runs_are_made_in_order_and_stopped_in_time() -> None:
    data = data_of()
    fakes = {"quick": FakeMethod(right(0.9)), "long": FakeMethod(right(0.9), work=time_is_over)}
    specs = {name: spec(name, fake) for name, fake in fakes.items()}
    with LocalRunner().started(MadeMethods(specs, TableCache(data.texts)), data) as queue:
        queue.submit(Cell("quick", 20, 0), 1)
        queue.submit(Cell("long", 20, 0), 1)
        first, second = queue.result(None), queue.result(SECONDS)
    assert (first.method, first.status) == ("quick", "done")
    assert (second.method, second.status, second.error) == (
        *("long", "cancelled", "the budget ended"),
    )


def test_a_runner_by_name_or_as_it_is() -> None:
    assert runner_of("local") == LocalRunner()
    assert runner_of("processes") == ProcessRunner(jobs=None)
    assert runner_of("ray") == RayRunner(address=None)
    assert runner_of(ProcessRunner(3)) == ProcessRunner(3)
    with pytest.raises(ClusterError, match="the engine is 'moon'; expected one of local, proc"):
        runner_of("moon")
