"""Run the `wordgraft` command in this process; each start of Python would import torch again."""

from __future__ import annotations

import contextlib
import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest

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
        finally:
            log.handlers, level, log.propagate = before
            log.setLevel(level)
            for room in ("features", "estimators", "oov"):  # `compare` silences them
                logging.getLogger(f"wordgraft.{room}").setLevel(logging.NOTSET)
    return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())
