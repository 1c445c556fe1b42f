"""`wordgraft table`: make the vectors of a vocabulary from a pretrained encoder."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from wordgraft.cli.from_file import table_from_file
from wordgraft.cli.shared import Force, Output, Quiet, choose, counted
from wordgraft.cli.table_options import refuse_with_file, texts_of, used_options, vocabulary_of


def table(
    output: Output,
    checkpoint: Annotated[
        str | None,
        typer.Argument(
            help="A local folder, a hub id (bert-base-uncased, org/name@revision) or "
            "package:import_name/sub/folder. With --from-file, only its tokenizer is used, "
            "to segment text and for --oov pieces.",
            metavar="CHECKPOINT",
            show_default=False,
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            help="Read the vectors from this file instead: GloVe, fastText, word2vec, ..."
        ),
    ] = None,
    from_format: Annotated[
        str | None,
        typer.Option(
            help="Format of --from-file, as in wordgraft export --to.  [default: detected]"
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            help="Vocabulary: the words of these texts, FILE or FILE:COLUMN; may be repeated."
        ),
    ] = None,
    words: Annotated[
        Path | None, typer.Option(help="Vocabulary: a list, one word per line.")
    ] = None,
    pieces: Annotated[
        bool, typer.Option("--pieces", help="Vocabulary: the tokenizer's pieces.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            help="Source of the vectors: contextual, isolated, composed, lookup.  [default: "
            "isolated]"
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Running text for contextual vectors: FILE, FILE:COLUMN, a quoted glob, or "
            "dataset:NAME:COLUMN; may be repeated. Without --texts, --words and --pieces, its "
            "words are the vocabulary."
        ),
    ] = None,
    contexts: Annotated[
        int | None,
        typer.Option(min=1, help="Contexts (sentences of the corpus) per word.  [default: 10]"),
    ] = None,
    all_contexts: Annotated[
        bool, typer.Option("--all-contexts", help="Encode the whole corpus.")
    ] = False,
    layers: Annotated[
        str | None,
        typer.Option(help="Layers averaged for contextual vectors, such as 3,6.  [default: auto]"),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            min=1, help="Split the corpus into windows of this many words instead of sentences."
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Skip and count unreadable parts of the corpus."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Random seed for choosing contexts.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Where to compute contextual vectors: local, or ray (a cluster).  [default: local]"
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Address of the Ray cluster: HOST:PORT, or auto on one of its machines.  "
            "[default: start Ray on this machine]"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Continue an interrupted run from OUTPUT.progress.")
    ] = True,
    layer: Annotated[
        str | None,
        typer.Option(help="Layer for isolated vectors, counted from 0.  [default: auto]"),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            help="Positions averaged for isolated vectors: own, first, last, cls, all.  "
            "[default: own]"
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="Text around an isolated word, with {} in place of the word; 'none' for no text.  "
            '[default: the word " {} " means]'
        ),
    ] = None,
    oov: Annotated[
        str | None,
        typer.Option(
            help="Method for out-of-vocabulary words: pieces, neighbours, blend (the best; takes "
            "minutes for 40,000 words), encoder, mean, unk, zero.  [default: pieces; unk for "
            "--from-file]"
        ),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            help="Refinements, applied in this order, or 'none': center, abtt:3, pca:256, whiten, "
            "sif:0.001, scale:0.3.  [default: center,sif,scale; sif only with --texts]"
        ),
    ] = None,
    dtype: Annotated[
        str, typer.Option(help="Number type of the saved rows: float32, float16, int8.")
    ] = "float32",
    min_count: Annotated[
        int, typer.Option(min=1, help="Drop words that occur less often than this in --texts.")
    ] = 1,
    max_words: Annotated[
        int | None,
        typer.Option(
            min=1, help="Keep at most this many words, the most frequent ones of --texts."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Device of the encoder: auto, cpu, cuda.  [default: auto]")
    ] = None,
    encoder_dtype: Annotated[
        str | None,
        typer.Option(help="Precision of the encoder.  [default: bfloat16 on cuda, else float32]"),
    ] = None,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle",
            help="Read pickled weights too; only tensors are loaded (weights_only).",
        ),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make an embedding table: one vector per word, from a pretrained encoder.

    Example: wordgraft table bert-base-uncased -o news.table --texts train.csv:text
    """
    by_source: dict[str, dict[str, Any]] = {
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
            "resume": None if resume else False,
        },
        "isolated contextual": {
            "template": template,
            "device": device,
            "encoder_dtype": encoder_dtype,
        },
    }
    if from_file is not None:
        refuse_with_file({"source": source, "pieces": pieces or None}, *by_source.values())
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
        raise typer.BadParameter(
            "give either a CHECKPOINT, or --from-file with an optional --from-format"
        )
    source, oov = source or "isolated", oov or "pieces"
    vocabularies = sum([bool(texts), words is not None, pieces])
    words_from_corpus = source == "contextual" and not vocabularies
    if vocabularies != 1 and not words_from_corpus:
        raise typer.BadParameter("give exactly one of --texts, --words and --pieces")
    if not texts and not words_from_corpus and (min_count > 1 or max_words is not None):
        raise typer.BadParameter("--min-count and --max-words have no effect without --texts")

    from wordgraft.build import build_table
    from wordgraft.checkpoint import open_checkpoint
    from wordgraft.core.atomic_io import check_output
    from wordgraft.core.run_state import discard
    from wordgraft.oov import METHODS, coverage
    from wordgraft.sources import POOLINGS, SOURCES, Corpus
    from wordgraft.table import parse_refinements
    from wordgraft.table.io import MARKER
    from wordgraft.table.quantization import DTYPES

    choose("--source", source, SOURCES)
    choose("--oov", oov, METHODS)
    choose("--dtype", dtype, DTYPES)
    if engine is not None:
        choose("--engine", engine, ("local", "ray"))
    if address is not None and engine != "ray" and source == "contextual":
        raise typer.BadParameter("--address has no effect without --engine ray")
    if pooling is not None:
        choose("--pooling", pooling, POOLINGS)
    if all_contexts and contexts is not None:
        raise typer.BadParameter("give either --contexts or --all-contexts")
    options = used_options(source, by_source)
    if options.get("template") == "none":
        options["template"] = None
    progress_folder = output.with_name(f"{output.name}.progress")
    if source == "contextual":
        if corpus is None:
            raise typer.BadParameter("--source contextual needs a --corpus")
        if options.pop("all_contexts", False):
            options["contexts"] = None
        if words_from_corpus:
            options |= {"min_count": min_count, "max_words": max_words}
        options["progress_folder"] = progress_folder
        ray_address = options.pop("address", None)
        if options.pop("engine", None) == "ray":
            from wordgraft.sources.contextual.ray import RayEngine

            options["engine"] = RayEngine(ray_address)
    refinements = None if refine is None else parse_refinements(refine)

    check_output(output, force=force, marker=MARKER)
    opened = open_checkpoint(checkpoint, allow_pickle=allow_pickle)
    if "corpus" in options:
        reading = {name: options.pop(name) for name in ("window", "skip_bad") if name in options}
        options["corpus"] = Corpus.of(options["corpus"], **reading)
    vocabulary = None
    if not words_from_corpus:
        vocabulary = vocabulary_of(opened, texts, words, min_count, max_words, quiet=quiet)
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
    if "progress_folder" in options:
        discard(progress_folder)
    typer.echo(f"{output}: {len(made):,} rows of {made.dims} numbers, {dtype}")
    sources = (f"{count:,} {name}" for name, count in made.provenance.counts().items())
    typer.echo(f"rows by source: {', '.join(sources)}")
    typer.echo(f"out-of-vocabulary words: {oov}")
    if texts and (min_count > 1 or max_words is not None):
        stream = chain.from_iterable(texts_of(spec) for spec in texts)
        covered = coverage(made, counted(stream, "counting out-of-vocabulary words", quiet=quiet))
        typer.echo(f"{covered}; they get vectors by {oov}")
