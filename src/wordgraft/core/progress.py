"""Progress bars: one way to show them, one way to switch them off; what an interruption says."""

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
# Work that ends sooner than this shows no bar: a flash of one is noise.
SHOW_AFTER_SECONDS = 1.0


class Advance(Protocol):
    """What `progress_bar` hands out: call it with the number of steps just done."""

    def __call__(self, steps: int = 1, *, note: str = "") -> None: ...


@contextmanager
def progress_bar(description: str, total: int | None, *, show: bool) -> Iterator[Advance]:
    """Yield a function that counts steps, drawn on standard error if `show` and work takes long.

    `total` is the number of steps, None when it is not known. The bar appears only once the work
    has taken over a second, and is gone when the block ends, also when it ends with an error.
    Where standard error is no terminal, there is none: it would only leave blank lines.
    """
    bar: Progress | None = None
    show = show and sys.stderr.isatty()
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
def interruption_told(*kept: Path | None) -> Iterator[None]:
    """On Ctrl-C, say which of these places holds what was done and how to go on from there."""
    try:
        yield
    except KeyboardInterrupt:
        if there := [str(place) for place in kept if place is not None and place.exists()]:
            _LOG.warning(
                "%s holds what was done; run the same command again to go on, or with --no-resume "
                "to start over",
                " with ".join(there),
            )
        raise


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
