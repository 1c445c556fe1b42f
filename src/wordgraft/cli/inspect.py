"""`wordgraft inspect`: what a table holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Quiet, counted, facts, grid, show, start

if TYPE_CHECKING:
    from wordgraft.table import Coverage, EmbeddingTable

# Unknown words that are named, the most frequent first, and their neighbours side by side.
_UNKNOWN_SHOWN, _NEAR_SHOWN = 10, 3
# Of a recipe, beside the source.
_SHOWN = ("layer", "layers", "pooling", "template", "seed")


def inspect(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table's folder.")],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Words to look up.")
    ] = None,
    texts: Annotated[
        str | None, typer.Option(help="FILE or FILE:COLUMN whose coverage is counted.")
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="FILE or FILE:COLUMN: the share without a row, and the nearest neighbours of the "
            "vectors that the most frequent of these words get, method by method."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Neighbours shown for a word.")] = 10,
    quiet: Quiet = False,
) -> None:
    """Show a table's size, coverage, provenance and norms; or words' rows and neighbours.

    Example: wordgraft inspect news.table profit loss
    """
    start(quiet=quiet)
    from wordgraft.table import EmbeddingTable

    table = EmbeddingTable.load(path)
    if not words and oov is None:
        facts(_summary(table))
    for place, word in enumerate(words or ()):
        if place:
            typer.echo()
        _word(table, word, top)
    if texts is not None:
        _coverage(table, texts, quiet=quiet)
    if oov is not None:
        _unknown(table, oov, top, quiet=quiet)


def _summary(table: EmbeddingTable) -> Iterator[tuple[str, str]]:
    import numpy as np

    recipe, vocabulary = table.recipe, table.vocabulary
    size = table.vectors.nbytes / 1e6
    yield "size", f"{len(table):,} rows x {table.dims}, {table.vectors.dtype}, {size:,.1f} MB"
    seen = int(vocabulary.counts.sum())
    yield (
        "vocabulary",
        f"{vocabulary.kind}, " + (f"from {seen:,} running words" if seen else "listed"),
    )
    yield "checkpoint", str(recipe.get("checkpoint", "none"))
    if digest := recipe.get("checkpoint_sha256"):
        yield "  sha256", str(digest)
    made = [f"{key} {recipe[key]}" for key in _SHOWN if key in recipe]
    yield "source", ", ".join([str(recipe.get("source", "unknown")), *made])
    yield "refinements", ", ".join(_refinements(table)) or "none"
    yield "unknown words", table.unknown.method if table.unknown else "unk"
    for name, count in table.provenance.counts().items():
        yield f"  {name}", f"{count:,} rows ({count / len(table):.1%})"
    yield from _contexts(table)
    split = np.mean(table.provenance.pieces[len(vocabulary.roles) :] > 1)
    yield "split words", f"{split:.1%} are more than one piece of the checkpoint's tokenizer"
    norms = table.norms[table.word_rows]
    low, middle, high = np.quantile(norms, [0, 0.5, 1]) if len(norms) else [0, 0, 0]
    yield "norms", f"{low:.3g} least, {middle:.3g} median, {high:.3g} most"
    versions = recipe.get("versions", {})
    yield "made with", ", ".join(f"{name} {version}" for name, version in versions.items())


def _contexts(table: EmbeddingTable) -> Iterator[tuple[str, str]]:
    import numpy as np

    seen = table.provenance.contexts[table.word_rows]
    if not seen.any():
        return
    low, middle, high = np.quantile(seen, [0, 0.5, 1])
    yield "corpus", ", ".join(name for name, _ in table.recipe.get("corpus", ()))
    yield "contexts", f"{low:,.0f} least, {middle:,.0f} median, {high:,.0f} most a word"


def _refinements(table: EmbeddingTable) -> Iterator[str]:
    for step in table.recipe.get("refinements", ()):
        values = [f"{key} {value:g}" for key, value in step.items() if key != "name"]
        yield " ".join([step["name"], *values])


def _word(table: EmbeddingTable, word: str, top: int) -> None:
    import numpy as np

    from wordgraft.oov import answers, method_of
    from wordgraft.table.provenance import SOURCES

    row = table.vocabulary.row(word)
    if row is None:
        found = answers(table, [word], method_of(table))
        vector = found.vectors[0]
        typer.echo(f"{word}: no row; its vector is by {found.ways[0]}")
        neighbours = table.neighbours_of(vector, top=top)
    else:
        provenance = table.provenance
        typer.echo(
            f"{table.vocabulary.words[row]}: row {row}, {SOURCES[provenance.source[row]]}, "
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


def _covered(table: EmbeddingTable, spec: str, *, quiet: bool) -> Coverage:
    from wordgraft.data.text_files import read_texts, split_column

    texts = read_texts(*split_column(spec))
    coverage = table.coverage(counted(texts, "reading texts", quiet=quiet))
    typer.echo(f"{spec}: {coverage}")
    typer.echo(
        f"covered: {coverage.token_share:.1%} of the running text, "
        f"{coverage.word_share:.1%} of its different words"
    )
    return coverage


def _unknown(table: EmbeddingTable, spec: str, top: int, *, quiet: bool) -> None:
    """The most frequent words without a row, and what each method would make of them."""
    from wordgraft.oov import answers, at_hand, method_of

    coverage = _covered(table, spec, quiet=quiet)
    words = [word for word, _ in coverage.unknown.most_common(_UNKNOWN_SHOWN)]
    if not words:
        return
    carried = method_of(table)
    found = answers(table, words, carried)
    methods, left_out = at_hand(table)
    vectors = {name: method.vectors(words) for name, method in methods.items()}
    rows = grid("most frequent without a row", "times", "by", f"{carried.name} *", *vectors)
    for place, word in enumerate(words):
        columns = [found.vectors[place], *(each[place] for each in vectors.values())]
        near = (table.neighbours_of(vector, top=min(top, _NEAR_SHOWN)) for vector in columns)
        cells = (" ".join(neighbour for neighbour, _ in some) for some in near)
        rows.add_row(word, f"{coverage.unknown[word]:,}", found.ways[place], *cells)
    show(rows)
    typer.echo("* what the table gives, fall-backs first; the other columns ask a method alone")
    if left_out and not quiet:
        typer.echo(
            f"not shown, since this table does not carry them: {', '.join(left_out)}", err=True
        )


def _coverage(table: EmbeddingTable, spec: str, *, quiet: bool) -> None:
    coverage = _covered(table, spec, quiet=quiet)
    if coverage.unknown:
        rows = grid("most frequent without a row", "times")
        for word, times in coverage.unknown.most_common(_UNKNOWN_SHOWN):
            rows.add_row(word, f"{times:,}")
        show(rows)
