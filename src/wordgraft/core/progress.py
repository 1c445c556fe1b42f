"""Progress bars, and what is logged when long work is interrupted."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress

_LOG = logging.getLogger(__name__)
# Shorter work shows no bar: it would only flash.
SHOW_AFTER_SECONDS = 1.0


class Advance(Protocol):
    """What `progress_bar` yields: call it with the number of steps just done."""

    def __call__(self, steps: int = 1, *, note: str = "") -> None: ...


@contextmanager
def progress_bar(description: str, total: int | None, *, show: bool) -> Iterator[Advance]:
    """Yield a function that counts steps; a bar on standard error shows them if `show`.

    `total` is the number of steps, or None if it is unknown. The bar appears after one second and
    disappears when the block ends, even with an error. If standard error is not a terminal, there
    is no bar: it would only leave blank lines. There is none without the library rich either.
    """
    bar: Progress | None = None
    show = show and sys.stderr.isatty() and _has_rich()
    done, started = 0, time.monotonic()

    def advance(steps: int = 1, *, note: str = "") -> None:
        nonlocal bar, done
        done += steps
        if not show or (bar is None and time.monotonic() - started < SHOW_AFTER_SECONDS):
            return
        if bar is None:
            bar = _start(description, total)
        bar.update(bar.task_ids[0], completed=done, note=note)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def resume_hint_on_interrupt(*places: Path | None) -> Iterator[None]:
    """On Ctrl-C, log which of these places holds the progress and how to resume."""
    try:
        yield
    except KeyboardInterrupt:
        existing = [str(place) for place in places if place is not None and place.exists()]
        if existing:
            _LOG.warning(
                "the progress is in %s; run the same again to resume, or with resume=False "
                "to start over",
                " and ".join(existing),
            )
        raise


def _has_rich() -> bool:
    try:
        import rich.progress  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def _start(description: str, total: int | None) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task(description, total=total, note="")
    bar.start()
    return bar
