"""`wordgraft explore`: write a web page that shows a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet


def explore(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    output: Output,
    other: Annotated[
        Path | None,
        typer.Option("--with", help="A second table, compared word by word."),
    ] = None,
    max_words: Annotated[
        int,
        typer.Option(
            min=1, max=65_535, help="Show at most this many words, the most frequent ones."
        ),
    ] = 20_000,
    umap: Annotated[bool, typer.Option("--umap", help="Add a UMAP map; takes minutes.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed of UMAP.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a page about a table: search, neighbours, the source of each row, and a map.

    Example: wordgraft explore news.table -o explore.html
    """
    from wordgraft.core.atomic_io import check_output
    from wordgraft.core.optional import require
    from wordgraft.reports import write_explorer
    from wordgraft.table import EmbeddingTable

    require("jinja2", purpose="wordgraft explore")
    check_output(output, force=force)
    table = EmbeddingTable.load(path)
    second = None if other is None else EmbeddingTable.load(other)
    paths = [path] if other is None else [path, other]
    names = [table_path.name.removesuffix(".table") for table_path in paths]
    if len(set(names)) < len(names):
        names = [str(table_path) for table_path in paths]
    page = write_explorer(
        table,
        output,
        other=second,
        names=names,
        most=max_words,
        umap=umap,
        seed=seed,
        force=force,
    )
    typer.echo(
        f"{output}: {page.words:,} words, {output.stat().st_size / 1e6:.1f} MB"
        + (f"; {page.left_out:,} more are not shown" if page.left_out else "")
    )
    if page.overlap is not None:
        typer.echo(f"neighbours that both tables share: {page.overlap:.0%} on average")
