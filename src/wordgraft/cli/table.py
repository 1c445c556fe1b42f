"""`wordgraft table`: vectors for a vocabulary, out of a pretrained encoder."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.shared import Force, Output, Quiet, choose, counted, start


def table(
    checkpoint: Annotated[
        str,
        typer.Argument(
            help="A local folder, a hub id (bert-base-uncased, org/name@revision) or "
            "package:import_name/sub/folder.",
            show_default=False,
        ),
    ],
    output: Output,
    texts: Annotated[
        list[str] | None,
        typer.Option(help="Words of these texts: FILE or FILE:COLUMN; give it once a file."),
    ] = None,
    words: Annotated[Path | None, typer.Option(help="Words of this list, one a line.")] = None,
    pieces: Annotated[bool, typer.Option("--pieces", help="The tokenizer's own pieces.")] = False,
    source: Annotated[
        str, typer.Option(help="How a vector is made: isolated, composed, lookup.")
    ] = "isolated",
    layer: Annotated[
        str | None,
        typer.Option(help="Layer of an isolated vector, 0 to the last.  [default: auto]"),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            help="Positions that are averaged: own, first, last, cls, all.  [default: own]"
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="Text around an isolated word, {} in its place; 'none' for the word alone.  "
            '[default: the word " {} " means]'
        ),
    ] = None,
    oov: Annotated[
        str,
        typer.Option(
            help="What words without a row get: pieces, neighbours, ngrams, characters, blend (the "
            "best; minutes for 40,000 words), encoder, mean, unk, zero."
        ),
    ] = "pieces",
    refine: Annotated[
        str | None,
        typer.Option(
            help="Refinements in turn, or 'none': center, abtt:3, pca:256, whiten, sif:0.001, "
            "scale:0.3.  [default: center,sif,scale; sif only with --texts]"
        ),
    ] = None,
    dtype: Annotated[
        str, typer.Option(help="How rows are stored: float32, float16, int8.")
    ] = "float32",
    min_count: Annotated[
        int, typer.Option(min=1, help="Leave out words that --texts hold less often.")
    ] = 1,
    max_words: Annotated[
        int | None, typer.Option(min=1, help="Keep the most frequent words of --texts only.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where the encoder runs: auto, cpu, cuda.  [default: auto]")
    ] = None,
    encoder_dtype: Annotated[
        str | None,
        typer.Option(
            help="Numbers the encoder computes with.  [default: bfloat16 on cuda, else float32]"
        ),
    ] = None,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle", help="Read pytorch_model.bin, tensors only (torch's weights_only)."
        ),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make an embedding table: a vector for each word, out of a pretrained encoder.

    Example: wordgraft table bert-base-uncased -o news.table --texts train.csv:text
    """
    start(quiet=quiet)
    given = [bool(texts), words is not None, pieces]
    if sum(given) != 1:
        raise typer.BadParameter("give exactly one of --texts, --words and --pieces")
    if not texts and (min_count > 1 or max_words is not None):
        raise typer.BadParameter("--min-count and --max-words need the counts of --texts")

    from wordgraft.building import build_table
    from wordgraft.checkpoint import open_checkpoint
    from wordgraft.oov import METHODS
    from wordgraft.sources import POOLINGS, SOURCES
    from wordgraft.storage import check_output
    from wordgraft.table import parse_refinements
    from wordgraft.table.files import MARKER
    from wordgraft.table.precision import DTYPES

    choose("--source", source, SOURCES)
    choose("--oov", oov, METHODS)
    choose("--dtype", dtype, DTYPES)
    if pooling is not None:
        choose("--pooling", pooling, POOLINGS)
    own = {
        "layer": layer,
        "pooling": pooling,
        "template": template,
        "device": device,
        "encoder_dtype": encoder_dtype,
    }
    options: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
    if options and source != "isolated":
        raise typer.BadParameter(
            f"--source {source} does not run the encoder; it takes no layer, "
            "pooling, template, device or encoder dtype"
        )
    if options.get("template") == "none":
        options["template"] = None
    refinements = None if refine is None else parse_refinements(refine)

    check_output(output, force=force, marker=MARKER)
    opened = open_checkpoint(checkpoint, allow_pickle=allow_pickle)
    vocabulary = _vocabulary(opened, texts, words, min_count, max_words, quiet=quiet)
    made = build_table(
        opened,
        vocabulary,
        source=source,
        oov=oov,
        refinements=refinements,
        dtype=dtype,
        progress=not quiet,
        **options,
    )
    made.save(output, force=force)
    typer.echo(f"{output}: {len(made):,} rows of {made.dims} numbers, {dtype}")
    sources = (f"{count:,} {name}" for name, count in made.provenance.counts().items())
    typer.echo(f"rows by source: {', '.join(sources)}")
    typer.echo(f"words without a row: {oov}")
    if texts and (min_count > 1 or max_words is not None):
        every = chain.from_iterable(_texts_of(spec) for spec in texts)
        coverage = made.coverage(counted(every, "counting words without a row", quiet=quiet))
        typer.echo(f"{coverage}; they get vectors by {oov}")


def _vocabulary(
    checkpoint: Any,
    texts: list[str] | None,
    words: Path | None,
    min_count: int,
    max_words: int | None,
    *,
    quiet: bool,
) -> Any:
    from wordgraft.reading import read_words
    from wordgraft.vocabulary import Vocabulary

    if texts:
        every = chain.from_iterable(_texts_of(spec) for spec in texts)
        stream = counted(every, "reading texts", quiet=quiet)
        return Vocabulary.from_texts(stream, checkpoint, min_count=min_count, max_words=max_words)
    if words is not None:
        return Vocabulary.from_words(read_words(words), checkpoint)
    return Vocabulary.from_tokenizer(checkpoint)


def _texts_of(spec: str) -> Any:
    from wordgraft.reading import read_texts, split_column

    return read_texts(*split_column(spec))
