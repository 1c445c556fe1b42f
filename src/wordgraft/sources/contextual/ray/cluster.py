"""The two steps of a pass, shared out: reading to a sample, and encoding to sums."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import ray.data

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.core.ray import RetryLimit, Workers, errors_translated
from wordgraft.core.run_state import RunState, pack_texts
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.pipeline import Encoded, mean_length, report, to_encode
from wordgraft.sources.contextual.plan import Options, Plan
from wordgraft.sources.contextual.ray.reading import bytes_of, read
from wordgraft.sources.contextual.ray.rows import FRAMED, row
from wordgraft.sources.contextual.ray.stream import counted, mapped, tree
from wordgraft.sources.contextual.ray.workers import (
    SUMS,
    Encoding,
    Job,
    Probe,
    Sampling,
    add_sums,
    check_job,
    merge_samples,
    probed,
)
from wordgraft.sources.contextual.sample import Sample
from wordgraft.sources.isolated import Framed
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

# Bytes of text that make one partial sample: each worker gets several, and none gets many.
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 128 << 20


class Cluster:
    """The Ray that this process is connected to, as an `Engine`."""

    def sampled(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        size: int,
        seed: int,
        kept: RunState,
        *,
        progress: bool,
    ) -> Sample:
        if found := kept.load("sample"):
            arrays, state = found
            corpus.skipped.texts, corpus.skipped.sources = state["skipped"]
            return Sample.of_arrays(arrays, state)
        workers = Workers.of("cpu")
        job = ray.put(Job.of(checkpoint, vocabulary=vocabulary))
        with errors_translated():
            ray.get(check_job.remote(job))
            share = bytes_of(corpus) // workers.parts
            tries = RetryLimit()
            samples = mapped(
                read(corpus, workers, tries),
                partial(Sampling, job, size, seed),
                workers,
                tries,
                block_bytes=min(max(share, _FEWEST_BYTES), _MOST_BYTES),
                batch_size=None,
            )
            with progress_bar("reading, parts", None, show=progress) as advance:
                arrays, state = ray.get(tree(counted(samples, advance), merge_samples))
        corpus.skipped.texts, corpus.skipped.sources = state["skipped"]
        kept.save("sample", arrays, state)
        return Sample.of_arrays(arrays, state)

    def encoded(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: Plan,
        framed: Framed,
        options: Options,
        kept: RunState,
        *,
        progress: bool,
    ) -> Encoded:
        if found := kept.load("sums"):
            arrays, state = found
            sums = {name: np.array(arrays[name]) for name in SUMS}
            return Encoded(np.array(arrays["templates"]), sums, state["dtype"])
        workers = Workers.of(options.device)
        job = ray.put(
            Job.of(
                checkpoint,
                vocabulary=plan.vocabulary,
                layers=options.layers,
                device=workers.device,
                dtype=options.encoder_dtype,
            )
        )
        with errors_translated():
            template_tokens = len(framed.sequences.ids)
            length, of = mean_length(plan, checkpoint), to_encode(plan)[1] + template_tokens
            probe = ray.get(probed.options(**workers.resources).remote(job, length, of))
            where = f"{workers.count} workers ({probe.device})"
            report(plan, template_tokens, probe.rate * workers.count, where)
            made = _encoded(corpus, plan, framed, job, workers, probe, length, progress=progress)
        kept.save("sums", {**made.sums, "templates": made.templates}, {"dtype": made.dtype})
        return made


def _encoded(
    corpus: Corpus,
    plan: Plan,
    framed: Framed,
    job: ray.ObjectRef[Job],
    workers: Workers,
    probe: Probe,
    length: int,
    *,
    progress: bool,
) -> Encoded:
    sequences = framed.sequences
    _, tokens = to_encode(plan)
    share = probe.share(tokens + len(sequences.ids), workers)
    parts = [
        row(pickle.dumps((start, replace(framed, sequences=_slice(sequences, start, end)))), FRAMED)
        for start, end in _shares(sequences.lengths, share)
    ]
    total, tries = None, RetryLimit()
    if plan.choice is None:
        sentences = read(corpus, workers, tries, max(1, share // length))
        words = parts

        def dataset() -> Any:
            return ray.data.from_arrow(words).union(sentences())

    else:
        parts += [
            row(pack_texts(plan.choice.sentences[start:end]).tobytes())
            for start, end in _shares(plan.choice.tokens, share)
        ]
        total, dataset = len(parts), partial(ray.data.from_arrow, parts)
    results = mapped(dataset, partial(Encoding, job), workers, tries, inputs=total)
    with progress_bar("encoding, shares", total, show=progress) as advance:
        made, _ = ray.get(tree(counted(results, advance), add_sums))
    templates = np.empty((len(sequences), probe.dims), np.float32)
    templates[made["places"]] = made["framed"]
    sums: dict[str, ndarray] = {}
    for name in SUMS:
        sums[name] = np.zeros((len(sequences), *made[name].shape[1:]), made[name].dtype)
        sums[name][made["rows"]] = made[name]
    return Encoded(templates, sums, probe.dtype)


def _shares(tokens: Int64[ndarray, " sequences"], share: int) -> Iterator[tuple[int, int]]:
    """First and end of each run of sequences that hold about `share` tokens."""
    part_of = (np.cumsum(tokens) - tokens) // share
    yield from pairwise([0, *(np.flatnonzero(np.diff(part_of)) + 1).tolist(), len(tokens)])


def _slice(rows: Ragged, start: int, end: int) -> Ragged:
    offsets = rows.offsets[start : end + 1]
    return Ragged(rows.ids[offsets[0] : offsets[-1]], offsets - offsets[0])
