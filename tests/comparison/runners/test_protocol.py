"""A block that is stopped when its time is over."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from wordgraft.comparison.runners.protocol import BudgetOver, stopped_after


def test_a_block_is_stopped_and_the_timer_removed() -> None:
    before = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    with pytest.raises(BudgetOver), stopped_after(0.1):
        time.sleep(30)
    assert time.monotonic() - started < 10
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_no_handler_of_exceptions_hides_the_end_of_the_budget() -> None:
    assert not issubclass(BudgetOver, Exception)


def test_blocks_without_a_limit_or_in_another_thread_run_to_their_end() -> None:
    finished = []

    def work(seconds: float | None) -> None:
        with stopped_after(seconds):
            time.sleep(0.05)
            finished.append(seconds)

    work(None)
    thread = threading.Thread(target=work, args=(0.001,))
    thread.start()
    thread.join()
    assert finished == [None, 0.001]
