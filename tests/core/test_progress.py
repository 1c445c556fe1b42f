"""A bar for long work on a terminal, and nothing anywhere else."""

from __future__ import annotations

import io
import sys

import pytest

from wordgraft.core import progress
from wordgraft.core.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, *, show: bool, after: float) -> str:
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "SHOW_AFTER_SECONDS", after)
    with progress_bar("reading texts", 4, show=show) as advance:
        for _ in range(4):
            advance(note="loss 0.5")
    return screen.getvalue()


def test_long_work_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    text = drawn(monkeypatch, Terminal(), show=True, after=0)
    assert "reading texts" in text
    assert "4/4" in text


@pytest.mark.parametrize(
    ("screen", "show", "after"),
    [(Terminal(), False, 0), (Terminal(), True, 60), (io.StringIO(), True, 0)],
    ids=["switched off", "short work", "no terminal"],
)
def test_otherwise_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, show: bool, after: float
) -> None:
    assert drawn(monkeypatch, screen, show=show, after=after) == ""


def test_without_rich_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert drawn(monkeypatch, Terminal(), show=True, after=0) == ""


def _advance_and_fail() -> None:
    with progress_bar("x", None, show=True) as advance:
        advance()
        raise ZeroDivisionError


def test_an_error_passes_through_and_the_bar_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_SECONDS", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ZeroDivisionError):
        _advance_and_fail()
    with progress_bar("y", None, show=True) as advance:
        advance()
