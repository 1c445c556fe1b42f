"""`wordgraft explore`: a table as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, start


def explore(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    output: Output,
    other: Annotated[
        Path | None,
        typer.Option("--with", help="A second table: the words of both, side by side."),
    ] = None,
    words: Annotated[
        int, typer.Option(min=1, max=65_535, help="The most frequent so many words.")
    ] = 20_000,
    umap: Annotated[bool, typer.Option("--umap", help="A map by UMAP too; takes minutes.")] = False,
    seed: Annotated[int, typer.Option(help="Of UMAP.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a page to look at a table: search, neighbours, where rows come from, and a map.

    Example: wordgraft explore news.table -o explore.html
    """
    start(quiet=quiet)
    from wordgraft.core.atomic_io import check_output
    from wordgraft.core.optional import require
    from wordgraft.reports import write_explorer
    from wordgraft.table import EmbeddingTable

    require("jinja2", purpose="wordgraft explore")
    check_output(output, force=force)
    table = EmbeddingTable.load(path)
    second = None if other is None else EmbeddingTable.load(other)
    names = [each.name.removesuffix(".table") for each in (path, other) if each is not None]
    if len(set(names)) < len(names):
        names = [str(each) for each in (path, other)]
    found = write_explorer(
        table,
        output,
        other=second,
        names=names,
        most=words,
        umap=umap,
        seed=seed,
        force=force,
    )
    typer.echo(
        f"{output}: {found.words:,} words, {output.stat().st_size / 1e6:.1f} MB"
        + (f"; {found.left_out:,} more are not shown" if found.left_out else "")
    )
    if found.overlap is not None:
        typer.echo(f"same neighbours in both: {found.overlap:.0%} on average")
