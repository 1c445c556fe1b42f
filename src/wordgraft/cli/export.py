"""`wordgraft export`: write a table for another tool, or a trained model as an ONNX file."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose

if TYPE_CHECKING:
    from wordgraft.table import EmbeddingTable

_LOG = logging.getLogger(__name__)
# Not a format of tables: an ONNX file holds a model.
ONNX = "onnx"


def export(
    path: Annotated[
        Path, typer.Argument(metavar="TABLE|MODEL", help="Folder of a table or of a trained model.")
    ],
    to: Annotated[
        str,
        typer.Option(
            help="Format: word2vec, word2vec-binary, glove, fasttext, npz, safetensors, gensim, "
            "model2vec, sentence-transformers, spacy, hub; for a trained model: onnx.",
            show_default=False,
        ),
    ],
    output: Output,
    words: Annotated[
        Path | None,
        typer.Option(
            help="Write exactly the words of this list, one per line, in its order. In npz, "
            "word2vec, glove and fasttext, row i is line i; other formats have rows for padding "
            "and unknown words first."
        ),
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="Method for out-of-vocabulary words of --words; fitted first if the table "
            "lacks it.  [default: the table's own method]"
        ),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="With --to onnx: store rows as int8 with a scale per row."),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a table in the format of another tool, or a trained model as an ONNX file.

    Example: wordgraft export news.table --to word2vec --words more.txt --oov blend -o out.txt

    Example: wordgraft export news.model --to onnx --int8 -o news.onnx
    """
    if to == ONNX:
        if words is not None or oov is not None:
            raise typer.BadParameter("--words and --oov have no effect on a trained model")
        _export_model(path, output, int8=int8, force=force)
        return
    if int8:
        raise typer.BadParameter(
            "--int8 has no effect without --to onnx; for tables use 'wordgraft table --dtype'"
        )
    from wordgraft.core.atomic_io import check_output
    from wordgraft.data.text_files import read_words
    from wordgraft.export.formats import FORMATS
    from wordgraft.export.formats.word_rows import WORD_ROW_FORMATS
    from wordgraft.oov import METHODS
    from wordgraft.table import EmbeddingTable

    writable = [name for name, entry in FORMATS.items() if entry.write is not None]
    choose("--to", to, [*writable, ONNX])
    if oov is not None:
        choose("--oov", oov, METHODS)
        if words is None:
            raise typer.BadParameter("--oov has no effect without --words")
    if not force:  # with --force, the writer of the format decides what it may replace
        check_output(output, force=False)
    table = EmbeddingTable.load(path)
    if words is not None and to in WORD_ROW_FORMATS:
        respelled = _write_list(table, words, output, to=to, oov=oov, force=force, quiet=quiet)
        _say_respelled(respelled, to)
        _print_size(output)
        return
    if words is not None:
        table = _of_words(table, read_words(words), oov, progress=not quiet)
    write = FORMATS[to].write
    assert write is not None  # `choose` allowed only writable formats
    respelled = write(table, output, force=force, progress=not quiet)
    _say_respelled(respelled, to)
    _print_size(output)


def _say_respelled(respelled: int, to: str) -> None:
    if respelled:
        _LOG.warning(
            "%s words contain whitespace, which %s does not allow: written with _, or left out if "
            "that spelling is another word",
            f"{respelled:,}",
            to,
        )


def _write_list(
    table: EmbeddingTable,
    words: Path,
    output: Path,
    *,
    to: str,
    oov: str | None,
    force: bool,
    quiet: bool,
) -> int:
    """Write a row per line of a list, repeated words and blank lines included."""
    from wordgraft.export.formats.word_rows import write_word_rows
    from wordgraft.matrix import embedding_matrix
    from wordgraft.matrix.files import read_vocabulary

    entries = read_vocabulary(words)
    made = embedding_matrix(table, entries, oov=oov, progress=not quiet)
    counts = ", ".join(f"{count:,} {name}" for name, count in made.report.by_source.items())
    typer.echo(f"{len(entries):,} rows by source: {counts}")
    return write_word_rows(entries, made.vectors, output, to=to, force=force)


def _export_model(path: Path, output: Path, *, int8: bool, force: bool) -> None:
    from wordgraft.core.atomic_io import check_output
    from wordgraft.export.onnx import export_onnx

    if output.suffix != ".onnx":
        raise typer.BadParameter(f"{output}: the name must end in .onnx", param_hint="'-o'")
    check_output(output, force=force)
    export_onnx(path, output, int8=int8, force=force)
    _print_size(output)


def _print_size(output: Path) -> None:
    files = [output] if output.is_file() else [*output.rglob("*")]
    typer.echo(f"{output}: {sum(file.stat().st_size for file in files) / 1e6:,.1f} MB")


def _of_words(
    table: EmbeddingTable, words: list[str], oov: str | None, *, progress: bool
) -> EmbeddingTable:
    """Return a table of exactly these words; out-of-vocabulary words get vectors first."""
    import numpy as np

    from wordgraft.oov import TextReader, ensure_fitted

    words = list(dict.fromkeys(words))
    table = ensure_fitted(table, oov, progress=progress)
    oov_words = [word for word in words if word not in table.vocabulary]
    predicted = TextReader(table, oov).oov_vectors(oov_words)
    methods = Counter(predicted.origins).most_common()
    counts = ", ".join(f"{count:,} by {method}" for method, count in methods)
    typer.echo(
        f"{len(words):,} words, {len(words) - len(oov_words):,} in the table"
        + (f"; out-of-vocabulary: {counts}" if counts else "")
    )
    spellings = frozenset(table.vocabulary.words)
    # A word that shares a row with another spelling (`The` with `the`) gets its own.
    respelled = [word for word in words if word in table.vocabulary and word not in spellings]
    rows = table.rows([table.vocabulary.row(word) or 0 for word in respelled])
    table = table.extended(
        [*oov_words, *respelled],
        np.concatenate([predicted.vectors, rows]),
        source=[*predicted.origins, *["file"] * len(respelled)],
    )
    row_of = {word: row for row, word in enumerate(table.vocabulary.words)}
    roles = sorted(table.vocabulary.roles.values())
    word_rows = [row_of[word] for word in words]
    return table.select(np.array([*roles, *(row for row in word_rows if row not in roles)]))
