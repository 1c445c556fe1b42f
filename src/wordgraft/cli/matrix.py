"""`wordgraft matrix`: rows for the words of a network that exists, in the order of its ids."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose


def matrix(
    source_of_vectors: Annotated[
        str,
        typer.Argument(
            metavar="CHECKPOINT|TABLE|FILE",
            help="Where the vectors come from: a checkpoint, a table, or a file of vectors.",
            show_default=False,
        ),
    ],
    vocabulary: Annotated[
        Path,
        typer.Option(
            help="The network's words: a JSON object from word to id, a JSON list, a "
            "tokenizer.json, or a word per line, numbered from 0. Every entry keeps its id.",
            show_default=False,
        ),
    ],
    output: Output,
    source: Annotated[
        str | None,
        typer.Option(
            help="How a checkpoint's vectors are made: isolated, composed, lookup.  "
            "[default: isolated]"
        ),
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="Method for words without a vector, as in wordgraft table.  [default: pieces, or "
            "the table's own]"
        ),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            help="Refinements, as in wordgraft table, or 'none'.  [default: center,scale; none "
            "for a table or a file]"
        ),
    ] = None,
    dims: Annotated[
        int | None, typer.Option(min=1, help="Fit the rows to this width, by PCA.")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Root-mean-square of the words' entries.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Number of rows, if larger than the largest id plus 1."),
    ] = None,
    special: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENTRY=ROLE",
            help="A special entry that is not recognized, with its role: pad, unk, cls, sep, mask, "
            "or word for an ordinary word; may be repeated.",
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write the embedding matrix of a network that exists: row i is the word with id i.

    The name of the output sets what is written: .npy, .npz (an array `vectors`) or .safetensors (a
    tensor `weight`).

    Example: wordgraft matrix bert-base-uncased --vocabulary vocab.json -o weights.npy
    """
    from wordgraft.core.atomic_io import check_output
    from wordgraft.matrix import embedding_matrix
    from wordgraft.matrix.files import check_suffix, read_vocabulary, write_matrix
    from wordgraft.oov import METHODS
    from wordgraft.table import parse_refinements

    if source is not None:
        choose("--source", source, ("isolated", "composed", "lookup"))
    if oov is not None:
        choose("--oov", oov, METHODS)
    roles = dict(_role(pair) for pair in special or [])
    refinements = None if refine is None else parse_refinements(refine)
    check_suffix(output)
    check_output(output, force=force)
    made = embedding_matrix(
        source_of_vectors,
        read_vocabulary(vocabulary),
        source=source,
        oov=oov,
        refinements=refinements,
        dims=dims,
        scale=scale,
        rows=rows,
        special=roles,
        progress=not quiet,
    )
    write_matrix(made.vectors, output, force=force)
    if not quiet:
        typer.echo(f"{output}: {made.report}")


def _role(pair: str) -> tuple[str, str]:
    entry, equals, role = pair.rpartition("=")
    if not equals:
        raise typer.BadParameter(f"{pair!r}: expected ENTRY=ROLE", param_hint="'--special'")
    return entry, role
