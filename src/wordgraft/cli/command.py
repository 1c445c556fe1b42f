"""What every command does around its work: messages, silence, and errors in one line."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand

from wordgraft.cli.option_names import OptionNames
from wordgraft.errors import WordgraftError

# The exit code of a shell for what Ctrl-C ended.
INTERRUPTED = 130


class Command(TyperCommand):
    """A command whose errors are one line and whose messages name its own options."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what fails for a known reason exits with 1."""
        names = OptionNames.of(self.params)
        with _messages(names, quiet=bool(ctx.params.get("quiet"))):
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise  # typer ends the command without a word
            except (WordgraftError, OSError) as error:
                fail(names.translate(_in_words(error)))


def fail(message: str) -> None:
    """Print an error and exit with 1."""
    typer.echo(f"wordgraft: {message}", err=True)
    raise typer.Exit(1)


@contextmanager
def _messages(names: OptionNames, *, quiet: bool) -> Iterator[None]:
    """Send wordgraft's log messages to standard error; with `quiet`, nothing goes there."""
    log = logging.getLogger("wordgraft")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(names))
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        if quiet:  # other libraries' messages too
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)


class _Formatter(logging.Formatter):
    def __init__(self, names: OptionNames) -> None:
        super().__init__()
        self._names = names

    def format(self, record: logging.LogRecord) -> str:
        return self._names.translate(super().format(record))


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
