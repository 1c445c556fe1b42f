"""What the commands share: options, checks of option values, and tables on the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.core.progress import progress_bar

if TYPE_CHECKING:
    from rich.table import Table

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but results and errors.")]
# Columns of labelled texts for a trained model, which knows whether it tags.
TextColumn = Annotated[
    str | None,
    typer.Option(help="Column of the texts or words.  [default: text; detected for taggers]"),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(help="Column of the labels or tags.  [default: label; detected for taggers]"),
]
LabelSeparator = Annotated[
    str, typer.Option(help="Separator between the labels of a text, if the model is multi-label.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing output.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write the result.")]
# Output that does not go to a terminal is not wrapped.
_FILE_WIDTH = 1000


def is_first_process() -> bool:
    """Whether this process writes and prints; `accelerate launch` starts several."""
    return os.environ.get("RANK", "0") == "0"


def choose(option: str, value: str, names: Iterable[str]) -> str:
    """Return `value` if it is one of `names`; otherwise exit with code 2 for wrong usage."""
    if value not in (allowed := list(names)):
        raise typer.BadParameter(
            f"{value!r} is not one of {', '.join(allowed)}", param_hint=f"'{option}'"
        )
    return value


def counted(texts: Iterable[str], description: str, *, quiet: bool) -> Iterator[str]:
    """Yield the texts, and count them in a progress bar."""
    with progress_bar(description, None, show=not quiet) as advance:
        for text in texts:
            yield text
            advance()


def grid(*columns: str) -> Table:
    """Return an empty table: the first column left-aligned, the others right-aligned."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def show(*tables: Table) -> None:
    """Print tables on standard output."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_FILE_WIDTH)
    for table in tables:
        console.print(table)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns on standard output."""
    pairs = list(rows)
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        typer.echo(f"{name:<{width}}  {value}")
