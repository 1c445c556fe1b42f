"""`wordgraft similarity`: correlate a table with human similarity scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Quiet, choose, grid, show

if TYPE_CHECKING:
    from wordgraft.table.similarity import VectorOf


def similarity(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    pairs: Annotated[
        list[Path],
        typer.Argument(metavar="PAIRS", help="Files of lines word1 TAB word2 TAB score."),
    ],
    oov: Annotated[
        str,
        typer.Option(
            help="Vectors of out-of-vocabulary words: none (their pairs are skipped), table (the "
            "table's own method), or a method that need not be fitted: neighbours, mean, unk, zero."
        ),
    ] = "none",
    quiet: Quiet = False,
) -> None:
    """Print Spearman's correlation between cosines of word pairs and human scores.

    Example: wordgraft similarity news.table simlex.tsv wordsim.tsv
    """
    from wordgraft.oov import METHODS, TextReader
    from wordgraft.table import EmbeddingTable, read_pairs, word_similarity

    choose("--oov", oov, ["none", "table", *METHODS])
    pair_files = [(file, read_pairs(file)) for file in pairs]
    table = EmbeddingTable.load(path)
    vector_of: VectorOf | None = None
    if oov != "none":
        reader = TextReader(table, None if oov == "table" else oov)

        def vector_of(word: str):  # type: ignore[no-untyped-def]
            return reader.vectors([word])[0]

    rows = grid("pairs", "Spearman", "covered", "of")
    for file, word_pairs in pair_files:
        result = word_similarity(table, word_pairs, vector_of=vector_of)
        rows.add_row(
            str(file), f"{result.spearman:.3f}", f"{result.covered:,}", f"{result.pairs:,}"
        )
    show(rows)
