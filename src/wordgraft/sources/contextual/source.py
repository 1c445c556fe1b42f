"""`contextual`: plan, encode, and make a table of the means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import interruption_told
from wordgraft.core.run_state import RunState
from wordgraft.errors import CheckpointError, TableError
from wordgraft.sources.contextual.accumulate import shrunk, spread_of
from wordgraft.sources.contextual.corpus import Corpus, Skipped
from wordgraft.sources.contextual.engine import Engine, engine_of
from wordgraft.sources.contextual.plan import (
    Options,
    Plan,
    corpus_identity,
    identity,
    make_plan,
)
from wordgraft.sources.isolated import TEMPLATE, Framed, frame
from wordgraft.sources.word_pieces import pieces_of, raw_table
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


CONTEXTS = 10
# The template counts as this many contexts: of 0, 1, 2 and 5 the best with 1 to 10 contexts a word,
# see bench/results/contextual-quality.json.
SHRINKAGE = 2.0


def contextual(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    *,
    corpus: Corpus | Any,
    contexts: int | None = CONTEXTS,
    layers: int | str | Sequence[int] = "auto",
    template: str | None = TEMPLATE,
    templates: Float32[ndarray, "words dims"] | None = None,
    shrinkage: float = SHRINKAGE,
    seed: int = 0,
    min_count: int = 1,
    max_words: int | None = None,
    device: str = "auto",
    encoder_dtype: str = "auto",
    keep: Path | None = None,
    resume: bool = True,
    keep_every: float = 30.0,
    engine: str = "local",
    address: str | None = None,
    progress: bool = False,
) -> EmbeddingTable:
    """Give each word the mean of the encoder's states at the places where a corpus uses it.

    Args:
        vocabulary: the words that get rows; None takes the corpus's own, of which `min_count` and
            `max_words` choose.
        corpus: a `Corpus`, or what `Corpus.of` takes: files, globs, datasets.
        contexts: sentences chosen for each word; None encodes the whole corpus.
        layers: one or several, of which the mean is taken; `auto` is the last of an encoder tuned
            for sentences, a low one of a raw masked-language model.
        template: text around a word for the vector that stands in where contexts are few.
        templates: those vectors, where they are at hand: the rows of an isolated table of the same
            words, layer and template, without refinements.
        shrinkage: how many contexts that vector counts as; after it, a row is
            `(sum of contexts + shrinkage * template) / (contexts + shrinkage)`.
        seed: of the sample of sentences.
        device, encoder_dtype: as `EncoderModel` takes them.
        keep: folder for progress, to go on from after an interruption; the caller deletes it.
        resume: whether to go on from what `keep` holds.
        keep_every: seconds between two savings of progress, at least; `ray` saves after each step.
        engine: `local`, in this process, or `ray`, as a job on all machines of a Ray cluster.
        address: of the cluster; None starts a Ray on this machine, or takes the one at hand.

    Raises `DataError` for a corpus that cannot be read or holds none of the words,
    `ProgressError` when `keep` holds the progress of another run, and `ClusterError` when there is
    no such cluster or it gives up.
    """
    # What is left out is counted anew in each run.
    corpus = replace(corpus if isinstance(corpus, Corpus) else Corpus.of(corpus), skipped=Skipped())
    options = Options(
        contexts,
        _layers(checkpoint, layers),
        template,
        shrinkage,
        seed,
        min_count,
        max_words,
        device,
        encoder_dtype,
        engine,
    )
    run = identity(checkpoint, vocabulary, corpus, options)
    kept = RunState(keep, run, resume=resume, save_every=keep_every)
    with interruption_told(keep), engine_of(engine, address) as where:
        plan = make_plan(checkpoint, vocabulary, corpus, options, kept, where, progress=progress)
        framed = _framed(checkpoint, plan.vocabulary, options, templates)
        return _table(checkpoint, corpus, plan, framed, options, kept, where, progress=progress)


def _table(
    checkpoint: Checkpoint,
    corpus: Corpus,
    plan: Plan,
    framed: Framed,
    options: Options,
    kept: RunState,
    engine: Engine,
    *,
    progress: bool,
) -> EmbeddingTable:
    vocabulary = plan.vocabulary
    encoded = engine.encoded(checkpoint, corpus, plan, framed, options, kept, progress=progress)
    sums = encoded.sums
    vectors, weights = shrunk(sums, encoded.templates, options.shrinkage)
    table = raw_table(
        checkpoint,
        vocabulary,
        vectors,
        pieces_of(checkpoint, vocabulary),
        source="contextual",
        row_sources=np.where(sums["counts"] > 0, "contextual", "isolated").tolist(),
        layers=list(options.layers),
        template=options.template,
        shrinkage=options.shrinkage,
        contexts=options.contexts,
        seed=options.seed,
        corpus=[list(part) for part in corpus_identity(corpus)],
        sentences_read=plan.sentences,
        encoder_dtype=encoded.dtype,
    )
    return replace(
        table,
        provenance=replace(
            table.provenance,
            contexts=sums["counts"].astype(np.int32),
            spread=spread_of(sums),
            shrinkage=weights,
        ),
    )


def _framed(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary,
    options: Options,
    templates: Float32[ndarray, "words dims"] | None,
) -> Framed:
    framed = frame(checkpoint, pieces_of(checkpoint, vocabulary), options.template)
    if templates is not None and len(templates) != len(vocabulary):
        raise TableError(
            f"templates has {len(templates):,} vectors, expected one for each of the vocabulary's "
            f"{len(vocabulary):,} rows"
        )
    return replace(framed, vectors=templates)


def _layers(checkpoint: Checkpoint, layers: int | str | Sequence[int]) -> tuple[int, ...]:
    if layers == "auto":
        return (checkpoint.contextual_layer(),)
    given = layers.split(",") if isinstance(layers, str) else layers
    try:
        found = tuple(int(each) for each in ([given] if isinstance(given, int) else given))
    except ValueError as error:
        raise CheckpointError(
            f"layers {layers!r}: expected 'auto' or numbers from 0 to {checkpoint.layers}, such as "
            "'3,6'"
        ) from error
    if not found or len(set(found)) < len(found):
        raise CheckpointError(f"layers {layers!r}: expected at least one, and each once")
    return found
