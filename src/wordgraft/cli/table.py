"""`wordgraft table`: vectors for a vocabulary, out of a pretrained encoder."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.from_file import table_from_file
from wordgraft.cli.shared import Force, Output, Quiet, choose, counted, start


def table(
    output: Output,
    checkpoint: Annotated[
        str | None,
        typer.Argument(
            help="A local folder, a hub id (bert-base-uncased, org/name@revision) or "
            "package:import_name/sub/folder. With --from-file, says how text is cut, and "
            "whose pieces --oov reads.",
            show_default=False,
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(help="Take the vectors of this file instead: GloVe, fastText, word2vec, ..."),
    ] = None,
    from_format: Annotated[
        str | None, typer.Option(help="Its format, as in export --to.  [default: by looking]")
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(help="Words of these texts: FILE or FILE:COLUMN; give it once a file."),
    ] = None,
    words: Annotated[Path | None, typer.Option(help="Words of this list, one a line.")] = None,
    pieces: Annotated[bool, typer.Option("--pieces", help="The tokenizer's own pieces.")] = False,
    source: Annotated[
        str, typer.Option(help="How a vector is made: contextual, isolated, composed, lookup.")
    ] = "isolated",
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Running text for contextual vectors: FILE, FILE:COLUMN, a glob in quotes, or "
            "dataset:NAME:COLUMN; give it once a place. Without --texts, --words and --pieces, "
            "its words are the vocabulary."
        ),
    ] = None,
    contexts: Annotated[
        int | None,
        typer.Option(min=1, help="Sentences of the corpus chosen for each word.  [default: 10]"),
    ] = None,
    all_contexts: Annotated[
        bool, typer.Option("--all-contexts", help="Encode the whole corpus instead.")
    ] = False,
    layers: Annotated[
        str | None,
        typer.Option(help="Layers whose mean a contextual vector is: 3,6.  [default: auto]"),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="Cut the corpus into windows of so many words, not sentences."),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Leave out, and count, what cannot be read of the corpus."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of the choice of contexts.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Where a contextual pass runs: local, or ray, on many machines.  [default: local]"
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Of the Ray cluster: HOST:PORT, or auto on one of its machines.  "
            "[default: a Ray started on this one]"
        ),
    ] = None,
    no_resume: Annotated[
        bool,
        typer.Option("--no-resume", help="Start over instead of going on from OUTPUT.progress."),
    ] = False,
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
        str | None,
        typer.Option(
            help="What words without a row get: pieces, neighbours, ngrams, characters, blend (the "
            "best; minutes for 40,000 words), encoder, mean, unk, zero.  [default: pieces; unk for "
            "--from-file]"
        ),
    ] = None,
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
    if from_file is not None:
        table_from_file(
            from_file,
            output,
            format=from_format,
            checkpoint=checkpoint,
            words_of=(texts, words, min_count, max_words),
            made=(oov, refine, dtype),
            allow_pickle=allow_pickle,
            force=force,
            quiet=quiet,
        )
        return
    if checkpoint is None or from_format is not None:
        raise typer.BadParameter("give a CHECKPOINT, or --from-file (and then --from-format)")
    oov = oov or "pieces"
    given = sum([bool(texts), words is not None, pieces])
    own_words = source == "contextual" and not given
    if given != 1 and not own_words:
        raise typer.BadParameter("give exactly one of --texts, --words and --pieces")
    if not texts and not own_words and (min_count > 1 or max_words is not None):
        raise typer.BadParameter("--min-count and --max-words need the counts of --texts")

    from wordgraft.build import build_table
    from wordgraft.checkpoint import open_checkpoint
    from wordgraft.core.atomic_io import check_output
    from wordgraft.core.run_state import discard
    from wordgraft.oov import METHODS
    from wordgraft.sources import POOLINGS, SOURCES, Corpus
    from wordgraft.sources.contextual import ENGINES
    from wordgraft.table import parse_refinements
    from wordgraft.table.io import MARKER
    from wordgraft.table.quantization import DTYPES

    choose("--source", source, SOURCES)
    choose("--oov", oov, METHODS)
    choose("--dtype", dtype, DTYPES)
    if engine is not None:
        choose("--engine", engine, ENGINES)
    if address is not None and engine != "ray":
        raise typer.BadParameter("--address is of use to --engine ray only")
    if pooling is not None:
        choose("--pooling", pooling, POOLINGS)
    if all_contexts and contexts is not None:
        raise typer.BadParameter("give --contexts or --all-contexts, not both")
    options = _options_of(
        source,
        {
            "isolated": {"layer": layer, "pooling": pooling},
            "contextual": {
                "layers": layers,
                "contexts": contexts,
                "all_contexts": all_contexts or None,
                "corpus": corpus or None,
                "window": window,
                "skip_bad": skip_bad or None,
                "seed": seed,
                "engine": engine,
                "address": address,
                "resume": False if no_resume else None,
            },
            "isolated contextual": {
                "template": template,
                "device": device,
                "encoder_dtype": encoder_dtype,
            },
        },
    )
    if options.get("template") == "none":
        options["template"] = None
    progress_folder = output.with_name(f"{output.name}.progress")
    if source == "contextual":
        if corpus is None:
            raise typer.BadParameter("--source contextual needs a --corpus")
        if options.pop("all_contexts", False):
            options["contexts"] = None
        if own_words:
            options |= {"min_count": min_count, "max_words": max_words}
        options["keep"] = progress_folder
    refinements = None if refine is None else parse_refinements(refine)

    check_output(output, force=force, marker=MARKER)
    opened = open_checkpoint(checkpoint, allow_pickle=allow_pickle)
    if "corpus" in options:
        cut = {name: options.pop(name) for name in ("window", "skip_bad") if name in options}
        options["corpus"] = Corpus.of(options["corpus"], **cut)
    vocabulary = None
    if not own_words:
        vocabulary = _vocabulary(opened, texts, words, min_count, max_words, quiet=quiet)
    kind: Any = SOURCES[source]
    made_by = kind(**options)
    made = build_table(
        opened,
        vocabulary,
        source=made_by,
        oov=oov,
        refinements=refinements,
        dtype=dtype,
        progress=not quiet,
    )
    made.save(output, force=force)
    if "keep" in options:
        discard(progress_folder)
    typer.echo(f"{output}: {len(made):,} rows of {made.dims} numbers, {dtype}")
    sources = (f"{count:,} {name}" for name, count in made.provenance.counts().items())
    typer.echo(f"rows by source: {', '.join(sources)}")
    typer.echo(f"words without a row: {oov}")
    if texts and (min_count > 1 or max_words is not None):
        every = chain.from_iterable(_texts_of(spec) for spec in texts)
        coverage = made.coverage(counted(every, "counting words without a row", quiet=quiet))
        typer.echo(f"{coverage}; they get vectors by {oov}")


def _options_of(source: str, options: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The options that were given, by their names in Python; all must be the source's own."""
    found: dict[str, Any] = {}
    for sources, values in options.items():
        given = {name: value for name, value in values.items() if value is not None}
        if given and source not in sources.split():
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise typer.BadParameter(
                f"{names.replace('--resume', '--no-resume')}: of no use to --source {source}, "
                f"only to {' and '.join(sources.split())}"
            )
        found |= given
    return found


def _vocabulary(
    checkpoint: Any,
    texts: list[str] | None,
    words: Path | None,
    min_count: int,
    max_words: int | None,
    *,
    quiet: bool,
) -> Any:
    from wordgraft.data.text_files import read_words
    from wordgraft.vocabulary import Vocabulary

    if texts:
        every = chain.from_iterable(_texts_of(spec) for spec in texts)
        stream = counted(every, "reading texts", quiet=quiet)
        return Vocabulary.from_texts(stream, checkpoint, min_count=min_count, max_words=max_words)
    if words is not None:
        return Vocabulary.from_words(read_words(words), checkpoint)
    return Vocabulary.from_tokenizer(checkpoint)


def _texts_of(spec: str) -> Any:
    from wordgraft.data.text_files import read_texts, split_column

    return read_texts(*split_column(spec))
