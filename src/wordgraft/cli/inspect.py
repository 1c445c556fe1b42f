"""`wordgraft inspect`: show what a table holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Quiet, counted, facts, grid, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wordgraft.oov import Coverage
    from wordgraft.table import EmbeddingTable

# How many out-of-vocabulary words are listed, and how many neighbours of each.
_OOV_SHOWN, _NEIGHBOURS_SHOWN = 10, 3
# Entries of the recipe shown beside the source.
_RECIPE_SHOWN = ("layer", "layers", "pooling", "template", "seed")


def inspect(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORD", help="Words to look up.")
    ] = None,
    texts: Annotated[
        str | None,
        typer.Option(help="FILE or FILE:COLUMN of texts; print how much of them the table covers."),
    ] = None,
    oov_texts: Annotated[
        str | None,
        typer.Option(
            help="FILE or FILE:COLUMN of texts; for their most frequent out-of-vocabulary words, "
            "print the nearest neighbours of the vectors that each method computes."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of neighbours shown.")] = 10,
    quiet: Quiet = False,
) -> None:
    """Show the size, sources and norms of a table, or the rows and neighbours of words.

    Example: wordgraft inspect news.table profit loss
    """
    from wordgraft.table import EmbeddingTable

    table = EmbeddingTable.load(path)
    if not words and oov_texts is None:
        facts(_summary(table))
    for index, word in enumerate(words or ()):
        if index:
            typer.echo()
        _word(table, word, top)
    if texts is not None:
        _coverage(table, texts, quiet=quiet)
    if oov_texts is not None:
        _compare_methods(table, oov_texts, top, quiet=quiet)


def _summary(table: EmbeddingTable) -> Iterator[tuple[str, str]]:
    import numpy as np

    recipe, vocabulary = table.recipe, table.vocabulary
    size = table.vectors.nbytes / 1e6
    yield "size", f"{len(table):,} rows x {table.dims}, {table.vectors.dtype}, {size:,.1f} MB"
    tokens = int(vocabulary.counts.sum())
    yield (
        "vocabulary",
        f"{vocabulary.kind}, " + (f"counted in {tokens:,} tokens" if tokens else "from a list"),
    )
    yield "checkpoint", str(recipe.get("checkpoint", "none"))
    if digest := recipe.get("checkpoint_sha256"):
        yield "  sha256", str(digest)
    settings = [f"{key} {recipe[key]}" for key in _RECIPE_SHOWN if key in recipe]
    yield "source", ", ".join([str(recipe.get("source", "unknown")), *settings])
    yield "refinements", ", ".join(_refinements(table)) or "none"
    yield "out-of-vocabulary", table.oov.method if table.oov else "unk"
    for name, count in table.provenance.counts().items():
        yield f"  {name}", f"{count:,} rows ({count / len(table):.1%})"
    yield from _contexts(table)
    split = np.mean(table.provenance.pieces[len(vocabulary.roles) :] > 1)
    yield (
        "split words",
        f"{split:.1%} of the words are split by the checkpoint's tokenizer",
    )
    norms = table.norms[table.word_rows]
    low, median, high = np.quantile(norms, [0, 0.5, 1]) if len(norms) else [0, 0, 0]
    yield "norms", f"minimum {low:.3g}, median {median:.3g}, maximum {high:.3g}"
    versions = recipe.get("versions", {})
    yield "made with", ", ".join(f"{name} {version}" for name, version in versions.items())


def _contexts(table: EmbeddingTable) -> Iterator[tuple[str, str]]:
    import numpy as np

    contexts = table.provenance.contexts[table.word_rows]
    if not contexts.any():
        return
    low, median, high = np.quantile(contexts, [0, 0.5, 1])
    yield "corpus", ", ".join(name for name, _ in table.recipe.get("corpus", ()))
    yield "contexts", f"per word: minimum {low:,.0f}, median {median:,.0f}, maximum {high:,.0f}"


def _refinements(table: EmbeddingTable) -> Iterator[str]:
    for step in table.recipe.get("refinements", ()):
        values = [f"{key} {value:g}" for key, value in step.items() if key != "name"]
        yield " ".join([step["name"], *values])


def _word(table: EmbeddingTable, word: str, top: int) -> None:
    import numpy as np

    from wordgraft.oov import TextReader
    from wordgraft.table.provenance import ROW_ORIGINS

    row = table.vocabulary.row(word)
    if row is None:
        predicted = TextReader(table).oov_vectors([word])
        vector = predicted.vectors[0]
        typer.echo(f"{word}: out-of-vocabulary; vector from {predicted.origins[0]}")
        neighbours = table.neighbours_of(vector, top=top)
    else:
        provenance = table.provenance
        typer.echo(
            f"{table.vocabulary.words[row]}: row {row}, {ROW_ORIGINS[provenance.source[row]]}, "
            f"{provenance.pieces[row]} piece(s), seen {table.vocabulary.counts[row]:,} times"
        )
        if provenance.contexts[row]:
            typer.echo(
                f"{provenance.contexts[row]:,} context(s), spread {provenance.spread[row]:.3f}, "
                f"template weight {provenance.shrinkage[row]:.3f}"
            )
        vector = table.rows([row])[0]
        neighbours = table.neighbours_of(vector, top=top, without=row)
    first = " ".join(f"{value:.3f}" for value in vector[:6])
    typer.echo(f"norm {np.linalg.norm(vector):.3f}, values {first} ...")
    rows = grid("neighbour", "cosine")
    for neighbour, cosine in neighbours:
        rows.add_row(neighbour, f"{cosine:.3f}")
    show(rows)


def _print_coverage(table: EmbeddingTable, spec: str, *, quiet: bool) -> Coverage:
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column
    from wordgraft.oov import coverage

    texts = read_texts(*split_column(spec))
    covered = coverage(table, counted(texts, "reading texts", quiet=quiet))
    typer.echo(f"{spec}: {covered}")
    typer.echo(
        f"covered: {covered.token_share:.1%} of the tokens, "
        f"{covered.word_share:.1%} of the distinct words"
    )
    return covered


def _compare_methods(table: EmbeddingTable, spec: str, top: int, *, quiet: bool) -> None:
    """Print the most frequent OOV words, and the neighbours that each method gives them."""
    from wordgraft.oov import TextReader, available_methods

    coverage = _print_coverage(table, spec, quiet=quiet)
    words = [word for word, _ in coverage.oov_words.most_common(_OOV_SHOWN)]
    if not words:
        return
    reader = TextReader(table)
    predicted = reader.oov_vectors(words)
    methods, left_out = available_methods(table)
    vectors = {name: method.vectors(words) for name, method in methods.items()}
    rows = grid("out-of-vocabulary", "count", "by", f"{reader.method_name} *", *vectors)
    for index, word in enumerate(words):
        columns = [predicted.vectors[index], *(column[index] for column in vectors.values())]
        cells = [_neighbours(table, vector, min(top, _NEIGHBOURS_SHOWN)) for vector in columns]
        rows.add_row(word, f"{coverage.oov_words[word]:,}", predicted.origins[index], *cells)
    show(rows)
    typer.echo("* what the table uses, fallbacks first; the other columns show a single method")
    if left_out and not quiet:
        typer.echo(
            f"not shown, because they are not fitted to this table: {', '.join(left_out)}",
            err=True,
        )


def _neighbours(table: EmbeddingTable, vector: NDArray[np.float32], top: int) -> str:
    return " ".join(word for word, _ in table.neighbours_of(vector, top=top))


def _coverage(table: EmbeddingTable, spec: str, *, quiet: bool) -> None:
    coverage = _print_coverage(table, spec, quiet=quiet)
    if coverage.oov_words:
        rows = grid("out-of-vocabulary", "count")
        for word, count in coverage.oov_words.most_common(_OOV_SHOWN):
            rows.add_row(word, f"{count:,}")
        show(rows)
