"""`wordgraft push`: upload a table to the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Quiet, choose


def push(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    repo: Annotated[
        str, typer.Argument(metavar="REPO", help="Repository on the hub: NAME or ORG/NAME.")
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            help="Format: hub (a wordgraft table), model2vec or sentence-transformers.",
        ),
    ] = "hub",
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of lines word1 TAB word2 TAB score; the model card states the correlation; "
            "may be repeated."
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Make the repository private.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Write the files to this folder instead of uploading them."),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Upload a table to the Hugging Face hub, with a model card that states its recipe and quality.

    Example: wordgraft push news.table me/news-vectors --pairs simlex.tsv
    """
    from wordgraft.export.formats.card import KINDS
    from wordgraft.export.formats.hub import push as push_table
    from wordgraft.export.formats.hub import write_hub
    from wordgraft.table import EmbeddingTable, read_pairs, word_similarity

    choose("--as", kind, KINDS)
    pair_files = [(file.name, read_pairs(file)) for file in pairs or ()]
    table = EmbeddingTable.load(path)
    measured = [(name, word_similarity(table, word_pairs)) for name, word_pairs in pair_files]
    if folder is not None:
        write_hub(table, folder, force=force, repo=repo, kind=kind, measured=measured)
        typer.echo(f"{folder}: written, not uploaded")
        return
    typer.echo(push_table(table, repo, kind=kind, measured=measured, private=private))
