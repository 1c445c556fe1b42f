"""What every command does around its work."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from wordgraft.cli.command import Command
from wordgraft.errors import DataError

LOG = logging.getLogger("wordgraft.test")


def _app(error: Exception | None) -> typer.Typer:
    app = typer.Typer()

    @app.command(cls=Command)
    def work(quiet: bool = False, force: bool = False) -> None:  # noqa: ARG001
        LOG.info("half done")
        LOG.warning("odd: give force=True")
        typer.echo("done")
        if error is not None:
            raise error

    return app


@pytest.fixture(autouse=True)
def _same_log() -> Iterator[None]:
    log = logging.getLogger("wordgraft")
    before = (list(log.handlers), log.level, log.propagate)
    yield
    log.handlers, level, log.propagate = before
    log.setLevel(level)


def test_messages_and_errors_go_to_standard_error_in_options() -> None:
    done = CliRunner().invoke(_app(DataError("no rows; give force=True")), [])
    assert done.exit_code == 1
    assert done.stdout == "done\n"
    assert done.stderr == "half done\nodd: give --force\nwordgraft: no rows; give --force\n"


def test_quiet_leaves_the_error() -> None:
    done = CliRunner().invoke(_app(DataError("no rows")), ["--quiet"])
    assert (done.exit_code, done.stdout) == (1, "done\n")
    assert done.stderr == "wordgraft: no rows\n"
    assert CliRunner().invoke(_app(None), ["--quiet"]).stderr == ""
    assert logging.root.manager.disable == logging.NOTSET
