"""`wordgraft similarity`: does the table order word pairs as people do?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Quiet, choose, grid, show, start

if TYPE_CHECKING:
    from wordgraft.table.similarity import VectorOf


def similarity(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    pairs: Annotated[list[Path], typer.Argument(help="Files of lines: word1 TAB word2 TAB score.")],
    oov: Annotated[
        str,
        typer.Option(
            help="What words without a row get: none (their pairs are left out), table (the "
            "method it carries), or one that needs no fit: neighbours, mean, unk, zero."
        ),
    ] = "none",
    quiet: Quiet = False,
) -> None:
    """Correlate the cosines of word pairs with people's scores (Spearman).

    Example: wordgraft similarity news.table simlex.tsv wordsim.tsv
    """
    start(quiet=quiet)
    from wordgraft.oov import METHODS, method_of, vectors_of
    from wordgraft.table import EmbeddingTable, read_pairs, word_similarity

    choose("--oov", oov, ["none", "table", *METHODS])
    read = [(file, read_pairs(file)) for file in pairs]
    table = EmbeddingTable.load(path)
    vector_of: VectorOf | None = None
    if oov != "none":
        method = method_of(table, None if oov == "table" else oov)

        def vector_of(word: str):  # type: ignore[no-untyped-def]
            return vectors_of(table, [word], method)[0]

    rows = grid("pairs", "Spearman", "covered", "of")
    for file, found in read:
        result = word_similarity(table, found, vector_of=vector_of)
        rows.add_row(
            str(file), f"{result.spearman:.3f}", f"{result.covered:,}", f"{result.pairs:,}"
        )
    show(rows)
