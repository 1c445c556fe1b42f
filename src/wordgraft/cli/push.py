"""`wordgraft push`: a table on a model hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Quiet, choose, start


def push(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    repo: Annotated[str, typer.Argument(help="Its name on the hub: NAME or ORG/NAME.")],
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            help="Files of: hub (a table of wordgraft), model2vec, sentence-transformers.",
        ),
    ] = "hub",
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            help="Lines of word1 TAB word2 TAB score: the card states the correlation with them; "
            "give it once a file."
        ),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Only for you to see.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Write the files here instead, to look at them before they go."),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Put a table on the Hugging Face hub, with a model card that states its recipe and quality.

    Example: wordgraft push news.table me/news-vectors --pairs simlex.tsv
    """
    start(quiet=quiet)
    from wordgraft.export.formats.card import KINDS
    from wordgraft.export.formats.hub import push as push_table
    from wordgraft.export.formats.hub import write_hub
    from wordgraft.table import EmbeddingTable, read_pairs, word_similarity

    choose("--as", kind, KINDS)
    read = [(file.name, read_pairs(file)) for file in pairs or ()]
    table = EmbeddingTable.load(path)
    measured = [(name, word_similarity(table, found)) for name, found in read]
    if folder is not None:
        write_hub(table, folder, force=force, repo=repo, kind=kind, measured=measured)
        typer.echo(f"{folder}: written, not pushed")
        return
    typer.echo(push_table(table, repo, kind=kind, measured=measured, private=private))
