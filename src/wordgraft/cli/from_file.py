"""`wordgraft table --from-file`: make a table from another tool's file of vectors."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path

import typer

from wordgraft.cli.shared import choose, counted


def table_from_file(
    file: Path,
    output: Path,
    *,
    format: str | None,
    checkpoint: str | None,
    words_of: tuple[list[str] | None, Path | None, int, int | None],
    made: tuple[str | None, str | None, str],
    allow_pickle: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Read the file, select words, refine and save.

    `words_of` holds the texts, the word list, the minimum count and the maximum number of words,
    as `wordgraft table` takes them; `made` holds the OOV method, the refinements and the dtype.
    """
    texts, words, min_count, max_words = words_of
    oov, refine, dtype = made
    if texts and words is not None:
        raise typer.BadParameter("give either --texts or --words, not both")
    if not texts and min_count > 1:
        raise typer.BadParameter("--min-count has no effect without --texts")

    from wordgraft.checkpoint import open_checkpoint
    from wordgraft.core.atomic_io import check_output
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import read_words, split_column
    from wordgraft.export.formats import FORMATS, read_vectors
    from wordgraft.export.formats.selection import keep_words, with_constant_oov
    from wordgraft.oov import METHODS, EncoderOov, UnkRow, ZeroRow, with_oov
    from wordgraft.table import default_refinements, parse_refinements
    from wordgraft.table.io import MARKER
    from wordgraft.table.quantization import DTYPES
    from wordgraft.vocabulary.counting import most_frequent

    readable = [name for name, entry in FORMATS.items() if entry.read is not None]
    if format is not None:
        choose("--from-format", format, readable)
    # The vectors do not come from an encoder, so `encoder` cannot compute more of them.
    oov = choose("--oov", oov or UnkRow.name, [name for name in METHODS if name != EncoderOov.name])
    choose("--dtype", dtype, DTYPES)
    refinements = None if refine is None else parse_refinements(refine)
    check_output(output, force=force, marker=MARKER)
    tokenizer_source = None if checkpoint is None else open_checkpoint(checkpoint)
    table = read_vectors(
        file,
        format=format,
        checkpoint=tokenizer_source,
        allow_pickle=allow_pickle,
        progress=not quiet,
    )
    words_in_file = len(table) - len(table.vocabulary.roles)
    if texts:
        stream = chain.from_iterable(read_texts(*split_column(spec)) for spec in texts)
        counts: Counter[str] = Counter()
        for text in counted(stream, "reading texts", quiet=quiet):
            counts.update(table.vocabulary.segment(text))
        known = {word: count for word, count in counts.items() if word in table.vocabulary}
        if not known:
            keep_words(table, counts)  # raises the error that names the words
        selected = most_frequent(known, min_count=min_count, max_words=max_words)
        table = keep_words(table, {word: known[word] for word in selected})
    elif words is not None:
        listed = read_words(words)
        table = keep_words(table, dict.fromkeys(listed[:max_words], 0))
    elif max_words is not None:
        table = keep_words(table, dict.fromkeys(table.vocabulary.words[2 : max_words + 2], 0))
    if oov in (UnkRow.name, ZeroRow.name):
        table = with_constant_oov(table, oov)
    else:
        table = with_oov(table, oov, tokenizer_source, progress=not quiet)
    if refinements is None:
        refinements = default_refinements(table.vocabulary)
    if refinements:
        table = table.refine(*refinements)
    table = table if dtype == "float32" else table.astype(dtype)
    table = replace(table, recipe={**table.recipe, "words_in_file": words_in_file})
    table.save(output, force=force)
    typer.echo(f"{output}: {len(table):,} rows of {table.dims} numbers, {dtype}")
    typer.echo(f"{file}: {words_in_file:,} words, {table.recipe['format']}")
    if texts:
        covered = sum(known.values()) / max(sum(counts.values()), 1)
        typer.echo(f"{covered:.1%} of the tokens of the texts are in the file")
