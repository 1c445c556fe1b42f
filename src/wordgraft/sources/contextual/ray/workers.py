"""What the workers do: open the checkpoint, sample, encode, and merge what they have made."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import ray

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.parallel import ahead
from wordgraft.core.ray import HELPER_CPUS, Workers
from wordgraft.errors import CheckpointError
from wordgraft.sources.contextual.accumulate import Aligner, Sums
from wordgraft.sources.contextual.corpus import Skipped
from wordgraft.sources.contextual.pipeline import dtype_of, tokens_per_second
from wordgraft.sources.contextual.ray.rows import (
    CONTENT,
    FRAMED,
    NOTE,
    Content,
    result,
    sentences_in,
)
from wordgraft.sources.contextual.sample import Sample, Sampler
from wordgraft.sources.isolated import pooled
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

# Batches of the encoder in a share: some 90 seconds on a CPU, 20 on a large GPU.
_BATCHES_PER_SHARE = 512
# Batches between two growths of a share's sums.
_BATCHES_AT_ONCE = 16
# What `Sums.arrays` gives.
SUMS = ("states", "squares", "counts")


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    checkpoint: str
    allow_pickle: bool
    sha256: str
    vocabulary: Vocabulary | None = None
    layers: tuple[int, ...] = ()
    device: str = "cpu"
    dtype: str = "auto"

    @classmethod
    def of(cls, checkpoint: Checkpoint, **others: Any) -> Job:
        folder = Path(checkpoint.name).expanduser()
        name = str(folder.resolve()) if folder.is_dir() else checkpoint.name
        return cls(name, checkpoint.allow_pickle, checkpoint.sha256, **others)

    def open(self) -> Checkpoint:
        """The checkpoint as this machine has it. Raises `CheckpointError` if it is another."""
        checkpoint = open_checkpoint(self.checkpoint, allow_pickle=self.allow_pickle)
        if checkpoint.sha256 != self.sha256:
            raise CheckpointError(
                f"{self.checkpoint} on {socket.gethostname()} has the sha256 "
                f"{checkpoint.sha256[:16]}, the driver's {self.sha256[:16]}; put the same files on "
                "every machine"
            )
        return checkpoint

    def encoder(self) -> EncoderModel:
        return EncoderModel(self.open(), layers=self.layers, device=self.device, dtype=self.dtype)


@ray.remote(num_cpus=HELPER_CPUS)
def check_job(job: Job) -> None:
    """Say before anything else if a worker cannot open the checkpoint."""
    job.open()


@dataclass(frozen=True)
class Probe:
    """What a worker says of its encoder: tokens/s, and what it computes on and with."""

    rate: float
    dims: int
    tokens_per_batch: int
    device: str
    dtype: str

    def share(self, tokens: int, workers: Workers) -> int:
        """Tokens to encode at a time: several shares a worker, none that takes for ever."""
        wanted = tokens // workers.parts
        return min(max(wanted, self.tokens_per_batch), _BATCHES_PER_SHARE * self.tokens_per_batch)


@ray.remote
def probed(job: Job, length: int, of: int) -> Probe:
    """Open the encoder, and time it on sequences of `length` tokens, of `of` in all."""
    encoder = job.encoder()
    return Probe(
        tokens_per_second(encoder, length, of=of),
        encoder.dims,
        encoder.tokens_per_batch,
        str(encoder.device),
        dtype_of(encoder),
    )


class Sampling:
    """A Ray actor: sentences to a sample of them."""

    def __init__(self, job: ray.ObjectRef[Job], size: int, seed: int) -> None:
        known = ray.get(job)
        self._sampler = Sampler(known.open(), known.vocabulary, size=size, seed=seed)

    def __call__(self, rows: pa.Table) -> pa.Table:
        texts, sources = 0, set[str]()
        for packed_sentences, note in zip(rows[CONTENT], rows[NOTE], strict=True):
            if sentences := sentences_in(packed_sentences):
                self._sampler.add(sentences)
            if left_out := note.as_py():
                skipped = Skipped(**json.loads(left_out))
                texts, sources = texts + skipped.texts, sources | set(skipped.sources)
        arrays, state = self._sampler.drain().arrays()
        return result((arrays, {**state, "skipped": [texts, sorted(sources)]}))


class Encoding:
    """A Ray actor: sentences to the sums of their words' states; or words to template vectors."""

    def __init__(self, job: ray.ObjectRef[Job]) -> None:
        known = ray.get(job)
        assert known.vocabulary is not None  # planned before
        self._encoder, self._words = known.encoder(), len(known.vocabulary)
        self._aligner = Aligner(self._encoder.checkpoint, known.vocabulary)

    def __call__(self, rows: pa.Table) -> pa.Table:
        (content,), (note,) = rows[CONTENT], rows[NOTE]
        framed, places = np.zeros((0, self._encoder.dims), np.float32), np.zeros(0, np.int64)
        sentences: list[str] = []
        if note.as_py() == FRAMED:
            start, share = pickle.loads(content.as_buffer())
            framed = pooled(self._encoder, share, "own", progress=False)
            places = np.arange(start, start + len(framed))
        else:
            sentences = sentences_in(content)
        sums = share_sums(self._encoder, self._aligner, sentences, self._words)
        return result(({**sums, "framed": framed, "places": places}, {}))


def share_sums(
    encoder: EncoderModel, aligner: Aligner, sentences: Sequence[str], words: int
) -> dict[str, ndarray]:
    """The sums of the rows that occur in some sentences, and `rows`, ascending; few of `words`."""
    import torch

    number = np.full(words, -1)
    sums = Sums(0, encoder.dims, encoder.device)
    rows = np.zeros(0, np.int64)
    size = max(1, _BATCHES_AT_ONCE * encoder.tokens_per_batch // 32)
    starts = range(0, len(sentences), size)
    for inputs in ahead(aligner.inputs(sentences[start : start + size]) for start in starts):
        found = np.unique(inputs.rows)
        new = found[number[found] < 0]
        number[new] = len(rows) + np.arange(len(new))
        rows = np.concatenate([rows, new])
        more = Sums(len(new), encoder.dims, encoder.device)
        for name, array in vars(more).items():
            setattr(sums, name, torch.cat([getattr(sums, name), array]))
        sums.add_sentences(encoder, replace(inputs, rows=number[inputs.rows]))
    order = np.argsort(rows)
    return {"rows": rows[order], **{name: each[order] for name, each in sums.arrays().items()}}


def merge_samples(one: Content, other: Content) -> Content:
    """The arrays of two samples to those of both, and what was left out for both."""
    (_, state), (_, more) = one, other
    arrays, both = Sample.of_arrays(*one).merge(Sample.of_arrays(*other)).arrays()
    texts, sources = state["skipped"]
    more_texts, more_sources = more["skipped"]
    return arrays, {**both, "skipped": [texts + more_texts, sorted({*sources, *more_sources})]}


def add_sums(one: Content, other: Content) -> Content:
    """Add sums of some rows each: `rows`, ascending, and what `Sums.arrays` has for them.

    Vectors of words in their template, `framed`, and their rows, `places`, are put together.
    """
    (mine, _), (theirs, _) = one, other
    rows = np.union1d(mine["rows"], theirs["rows"])
    found = {"rows": rows}
    for name in ("framed", "places"):
        found[name] = np.concatenate([mine[name], theirs[name]])
    for name in SUMS:
        found[name] = np.zeros((len(rows), *mine[name].shape[1:]), mine[name].dtype)
        for part in (mine, theirs):
            found[name][np.searchsorted(rows, part["rows"])] += part[name]
    return found, {}
