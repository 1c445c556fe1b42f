"""`wordgraft export`: a table as a file of another tool."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose, start

_LOG = logging.getLogger(__name__)


def export(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    to: Annotated[
        str,
        typer.Option(
            help="Format: word2vec, word2vec-binary, glove, fasttext, npz, safetensors, gensim, "
            "model2vec, sentence-transformers, spacy, projector (TensorBoard), hub.",
            show_default=False,
        ),
    ],
    output: Output,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a table in the format of another tool.

    Example: wordgraft export news.table --to word2vec -o news.txt
    """
    start(quiet=quiet)
    from wordgraft.formats import FORMATS
    from wordgraft.table import EmbeddingTable

    writable = [name for name, each in FORMATS.items() if each.write is not None]
    choose("--to", to, writable)
    table = EmbeddingTable.load(path)
    write = FORMATS[to].write
    assert write is not None  # `writable` has no others
    respelt = write(table, output, force=force, progress=not quiet)
    if respelt:
        _LOG.warning(
            "%s words hold blanks that %s cannot: written with _, or left out where that is "
            "another word",
            f"{respelt:,}",
            to,
        )
    files = [output] if output.is_file() else [*output.rglob("*")]
    typer.echo(f"{output}: {sum(file.stat().st_size for file in files) / 1e6:,.1f} MB")
