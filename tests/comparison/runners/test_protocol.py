"""A block that is stopped when its time is over."""

from __future__ import annotations

import signal
import threading

import pytest

from wordgraft.comparison.runners.protocol import BudgetOver, stopped_after


def work_without_end() -> None:
    while True:
        pass


def test_a_block_is_stopped_and_the_timer_removed() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(BudgetOver), stopped_after(0.01):
        work_without_end()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_no_handler_of_exceptions_hides_the_end_of_the_budget() -> None:
    assert not issubclass(BudgetOver, Exception)


def test_blocks_without_a_limit_or_in_another_thread_run_to_their_end() -> None:
    timers = []

    def work(seconds: float | None) -> None:
        with stopped_after(seconds):
            timers.append(signal.getitimer(signal.ITIMER_REAL))

    work(None)
    thread = threading.Thread(target=work, args=(0.001,))
    thread.start()
    thread.join()
    assert timers == [(0.0, 0.0), (0.0, 0.0)]


def test_the_handler_is_restored_if_time_ends_with_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, set_timer = signal.getsignal(signal.SIGALRM), signal.setitimer

    def set_too_late(which: int, seconds: float) -> None:
        if seconds == 0:
            signal.raise_signal(signal.SIGALRM)
        set_timer(which, seconds)

    monkeypatch.setattr(signal, "setitimer", set_too_late)
    with pytest.raises(BudgetOver), stopped_after(7200.0):
        pass
    set_timer(signal.ITIMER_REAL, 0)
    assert signal.getsignal(signal.SIGALRM) is before
