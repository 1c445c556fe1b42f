"""Run the `wordgraft` command in this process; each start of Python would import torch again."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from processes import started

MAIN = "from wordgraft.cli import main; main()"


def run(
    *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `wordgraft ARGUMENTS` in the folder `cwd`: exit code, standard output, standard error."""
    from wordgraft.cli import main

    output, errors, code = io.StringIO(), io.StringIO(), 0
    log = logging.getLogger("wordgraft")
    before = (list(log.handlers), log.level, log.propagate)
    command = ["wordgraft", *map(str, arguments)]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        patch.setattr(sys, "argv", command)
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)  # `main` replaces it
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except KeyboardInterrupt:  # pytest would take it for its own
            pytest.fail("the command let Ctrl-C through")
        finally:
            log.handlers, level, log.propagate = before
            log.setLevel(level)
            for room in ("features", "estimators", "training", "oov"):  # `compare` silences them
                logging.getLogger(f"wordgraft.{room}").setLevel(logging.NOTSET)
    return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())


def interrupted_in(
    place: str, *arguments: object, call: int = 1, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run `wordgraft ARGUMENTS` in this process; Ctrl-C comes in a certain call of a function.

    `place` is `module:function` or `module:Class.method`.
    """
    module, _, name = place.partition(":")
    *classes, last = name.split(".")
    owner = reduce(getattr, classes, import_module(module))
    whole, calls = getattr(owner, last), 0

    def interrupted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            signal.raise_signal(signal.SIGINT)
        return whole(*arguments, **options)

    # A shell that runs the suite in the background leaves SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, last, interrupted)
            done = run(*arguments, cwd=cwd)
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls >= call, f"{place} was called {calls} times"
    return done


def process_interrupted_in(
    place: str, *arguments: object, call: int = 1, cwd: Path, prepare: str = ""
) -> subprocess.CompletedProcess[str]:
    """As `interrupted_in`, in a process of its own.

    The command stops in that call until the signal is there: the moment does not depend on how fast
    anything is. `prepare` is code that runs first.
    """
    module, _, name = place.partition(":")
    code = _STOPPED.format(module=module, name=name, call=call, prepare=prepare)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started([sys.executable, "-c", code, *arguments], cwd=cwd, **pipes) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == "stopped\n", line + process.communicate()[1]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


_STOPPED = """
import sys
{prepare}
import {module} as module
whole, calls = module.{name}, []
def stopping(*arguments, **options):
    calls.append(1)
    if len(calls) == {call}:
        print("stopped", flush=True)
        sys.stdin.read()
    return whole(*arguments, **options)
module.{name} = stopping
from wordgraft.cli import main
main()
"""
