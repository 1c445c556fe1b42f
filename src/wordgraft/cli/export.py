"""`wordgraft export`: a table as a file of another tool, or a trained model as an ONNX file."""

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
# Not among the formats of tables: what it holds is a model.
ONNX = "onnx"


def export(
    path: Annotated[
        Path, typer.Argument(metavar="TABLE|MODEL", help="A table's folder, or a trained model's.")
    ],
    to: Annotated[
        str,
        typer.Option(
            help="Format: word2vec, word2vec-binary, glove, fasttext, npz, safetensors, gensim, "
            "model2vec, sentence-transformers, spacy, hub; of a trained model: onnx.",
            show_default=False,
        ),
    ],
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
    int8: Annotated[
        bool, typer.Option("--int8", help="Of onnx: rows as a byte a number and a scale a row.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a table in the format of another tool, or a trained model as one ONNX file.

    Example: wordgraft export news.table --to word2vec --words more.txt --oov blend -o out.txt

    Example: wordgraft export news.model --to onnx --int8 -o news.onnx
    """
    start(quiet=quiet)
    if to == ONNX:
        if words is not None or oov is not None:
            raise typer.BadParameter("--words and --oov are for tables; a model has its own")
        _model(path, output, int8=int8, force=force)
        return
    if int8:
        raise typer.BadParameter("--int8 is for --to onnx; a table has 'wordgraft table --dtype'")
    from wordgraft.core.atomic_io import check_output
    from wordgraft.data.text_files import read_words
    from wordgraft.export.formats import FORMATS
    from wordgraft.oov import METHODS
    from wordgraft.table import EmbeddingTable

    writable = [name for name, each in FORMATS.items() if each.write is not None]
    choose("--to", to, [*writable, ONNX])
    if oov is not None:
        choose("--oov", oov, METHODS)
        if words is None:
            raise typer.BadParameter("--oov is for the words of --words; give them")
    if not force:  # what may be replaced, a file or which folder, its writer knows
        check_output(output, force=False)
    table = EmbeddingTable.load(path)
    if words is not None:
        table = _of_words(table, read_words(words), oov, progress=not quiet)
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
    _say_size(output)


def _model(path: Path, output: Path, *, int8: bool, force: bool) -> None:
    from wordgraft.core.atomic_io import check_output
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.io import task_in
    from wordgraft.export.onnx.export import export_onnx

    if output.suffix != ".onnx":
        raise typer.BadParameter(f"{output}: the file's name must end in .onnx", param_hint="'-o'")
    check_output(output, force=force)
    kind = SequenceTagger if task_in(path) == "tag" else TextClassifier
    export_onnx(kind.load(path), output, int8=int8, force=force)
    _say_size(output)


def _say_size(output: Path) -> None:
    files = [output] if output.is_file() else [*output.rglob("*")]
    typer.echo(f"{output}: {sum(file.stat().st_size for file in files) / 1e6:,.1f} MB")


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
