"""`wordgraft export`: a table as a file of another tool."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose, start

if TYPE_CHECKING:
    from wordgraft.table import EmbeddingTable

_LOG = logging.getLogger(__name__)


def export(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    to: Annotated[str, typer.Option(help="Format: word2vec, npz.", show_default=False)],
    output: Output,
    words: Annotated[
        Path | None,
        typer.Option(help="Write a row for each word of this list, known or not, and no others."),
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="What words of --words without a row get; a method that learns is fitted first, "
            "if the table does not carry it.  [default: the table's own method]"
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a table in the format of another tool.

    Example: wordgraft export news.table --to word2vec --words more.txt --oov blend -o out.txt
    """
    start(quiet=quiet)
    from wordgraft.formats import FORMATS
    from wordgraft.oov import METHODS
    from wordgraft.reading import read_words
    from wordgraft.storage import check_output
    from wordgraft.table import EmbeddingTable

    choose("--to", to, FORMATS)
    if oov is not None:
        choose("--oov", oov, METHODS)
        if words is None:
            raise typer.BadParameter("--oov is for the words of --words; give them")
    check_output(output, force=force)
    table = EmbeddingTable.load(path)
    if words is not None:
        table = _of_words(table, read_words(words), oov, progress=not quiet)
    respelt = FORMATS[to](table, output, force=force, progress=not quiet)
    if respelt:
        _LOG.warning("%s words hold blanks, which %s cannot: written with _", f"{respelt:,}", to)
    typer.echo(f"{output}: {output.stat().st_size / 1e6:,.1f} MB")


def _of_words(
    table: EmbeddingTable, words: list[str], oov: str | None, *, progress: bool
) -> EmbeddingTable:
    """The table of these words alone: their rows, or else what a fall-back or the method gives."""
    import numpy as np

    from wordgraft.oov import answers, carrying, method_of

    words = list(dict.fromkeys(words))
    table = carrying(table, oov, progress=progress)
    unknown = [word for word in words if word not in table.vocabulary]
    found = answers(table, unknown, method_of(table, oov))
    ways = ", ".join(f"{count:,} by {way}" for way, count in Counter(found.ways).most_common())
    typer.echo(
        f"{len(words):,} words, {len(words) - len(unknown):,} with a row"
        + (f"; the others: {ways}" if ways else "")
    )
    spelt = frozenset(table.vocabulary.words)
    # A word that has a row by another spelling (`The` in lower case) gets one of its own.
    respelt = [word for word in words if word in table.vocabulary and word not in spelt]
    rows = table.rows([table.vocabulary.row(word) or 0 for word in respelt])
    table = table.extended(
        [*unknown, *respelt],
        np.concatenate([found.vectors, rows]),
        source=[*found.ways, *["file"] * len(respelt)],
    )
    row_of = {word: row for row, word in enumerate(table.vocabulary.words)}
    roles = sorted(table.vocabulary.roles.values())
    wanted = [row_of[word] for word in words]
    return table.select(np.array([*roles, *(row for row in wanted if row not in roles)]))
