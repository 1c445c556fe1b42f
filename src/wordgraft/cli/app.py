"""Register the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from wordgraft._version import __version__
from wordgraft.cli.cache import cache
from wordgraft.cli.command import INTERRUPTED, Command
from wordgraft.cli.compare import compare
from wordgraft.cli.evaluate import evaluate
from wordgraft.cli.explore import explore
from wordgraft.cli.export import export
from wordgraft.cli.forgetting import forgetting
from wordgraft.cli.inspect import inspect
from wordgraft.cli.matrix import matrix
from wordgraft.cli.predict import predict
from wordgraft.cli.push import push
from wordgraft.cli.similarity import similarity
from wordgraft.cli.table import table
from wordgraft.cli.train import train

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: dict[Callable[..., None], str] = {
    table: "Make a table of word vectors.",
    matrix: "Write rows for a network's own words and ids.",
    inspect: "Show what a table holds.",
    explore: "Write a web page that shows a table.",
    similarity: "Score a table on word pairs.",
    export: "Write a table or a model for other tools.",
    push: "Upload a table to the Hugging Face hub.",
    train: "Train a classifier or a tagger.",
    predict: "Print the labels or tags of texts.",
    evaluate: "Score a trained model on labelled texts.",
    forgetting: "Show what fine-tuning made a model forget.",
    compare: "Compare methods on your data.",
    cache: "Show, prune or clear cached vectors.",
}
for command, short_help in _COMMANDS.items():
    app.command(short_help=short_help, cls=Command)(command)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"wordgraft {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Turn a pretrained encoder of the BERT family into the first layer of your own network."""


def run() -> None:
    """Run the command line. Raises `KeyboardInterrupt` on Ctrl-C."""
    try:
        app(prog_name="wordgraft", standalone_mode=True)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            raise KeyboardInterrupt from None
        raise
