"""Start a program that ends with the test that started it, whatever happens."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

# Linux ends a process with the one that started it, if it asks for that.
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None
_SIGNAL_WHEN_THE_PARENT_DIES = 1


@contextmanager
def started(command: Sequence[Any], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A running process, with text in its pipes; it and its children are killed on leaving."""
    process = subprocess.Popen(
        [*map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_prepare,
        **options,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def finished(command: Sequence[Any], **options: Any) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, for a program with children: they end with it."""
    with started(command, stdout=subprocess.PIPE, **options) as process:
        output, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _prepare() -> None:
    """In the new process, before the program."""
    # A shell that runs the suite in the background leaves SIGINT ignored, and children inherit it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _PRCTL is not None:
        _PRCTL(_SIGNAL_WHEN_THE_PARENT_DIES, signal.SIGKILL)
