"""What runs on the machines of a Ray cluster: samplers, encoders, and merging what they make."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.optional import require
from wordgraft.core.ray_data import output_row
from wordgraft.errors import CheckpointError
from wordgraft.sources.contextual.accumulate import Aligner, add_sums, sums_of_some_rows
from wordgraft.sources.contextual.corpus import Skipped
from wordgraft.sources.contextual.pipeline import EncoderSettings, dtype_of, tokens_per_second
from wordgraft.sources.contextual.sample import Sample, Sampler
from wordgraft.sources.isolated import Framed, pooled
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    import ray
    from jaxtyping import Int64
    from numpy import ndarray
else:
    ray = require("ray", purpose="RayEngine")

# What a row of output holds: arrays and plain values.
Result = tuple[dict[str, "ndarray"], dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    checkpoint: str
    allow_pickle: bool
    sha256: str
    vocabulary: Vocabulary | None = None
    framed: Framed | None = None
    settings: EncoderSettings | None = None

    @classmethod
    def of(cls, checkpoint: Checkpoint, **others: Any) -> Job:
        folder = Path(checkpoint.name).expanduser()
        name = str(folder.resolve()) if folder.is_dir() else checkpoint.name
        return cls(name, checkpoint.allow_pickle, checkpoint.sha256, **others)

    def open_checkpoint(self) -> Checkpoint:
        """This machine's checkpoint. Raises `CheckpointError` if it differs from the driver's."""
        checkpoint = open_checkpoint(self.checkpoint, allow_pickle=self.allow_pickle)
        if checkpoint.sha256 != self.sha256:
            raise CheckpointError(
                f"{self.checkpoint} on {socket.gethostname()} has the sha256 "
                f"{checkpoint.sha256[:16]}, the driver's {self.sha256[:16]}; put the same files on "
                "every machine"
            )
        return checkpoint

    def load_encoder(self) -> EncoderModel:
        assert self.settings is not None
        return self.settings.load(self.open_checkpoint())


@dataclass(frozen=True)
class Speed:
    """What a worker reports about its encoder."""

    tokens_per_second: float
    tokens_per_batch: int
    dims: int
    device: str
    dtype: str


def check_checkpoint(job: Job) -> None:
    """Fail before anything else if a worker cannot open the checkpoint."""
    job.open_checkpoint()


def measure_encoder(job: Job, length: int, total: int) -> Speed:
    """Load the encoder and time it on sequences of `length` tokens, of `total` tokens in all."""
    encoder = job.load_encoder()
    return Speed(
        tokens_per_second(encoder, length, total=total),
        encoder.tokens_per_batch,
        encoder.dims,
        str(encoder.device),
        dtype_of(encoder),
    )


class SamplingWorker:
    """Turns sentences into a sample of them."""

    def __init__(self, job: ray.ObjectRef[Job], size: int, seed: int) -> None:
        known = ray.get(job)
        self._sampler = Sampler(known.open_checkpoint(), known.vocabulary, size=size, seed=seed)

    def __call__(self, rows: pa.Table) -> pa.Table:
        texts, sources = 0, set[str]()
        for sentences, skipped in zip(rows["sentences"], rows["skipped"], strict=True):
            if len(sentences):
                self._sampler.add(sentences.as_py())
            if skipped.is_valid:
                left_out = Skipped(**json.loads(skipped.as_py()))
                texts, sources = texts + left_out.texts, sources | set(left_out.sources)
        arrays, values = self._sampler.drain().arrays()
        return output_row((arrays, {**values, "skipped": [texts, sorted(sources)]}))


class EncodingWorker:
    """Turns sentences into sums of their words' states, and words into template vectors."""

    def __init__(self, job: ray.ObjectRef[Job]) -> None:
        known = ray.get(job)
        assert known.vocabulary is not None
        self._encoder, self._framed = known.load_encoder(), known.framed
        self._words = len(known.vocabulary)
        self._aligner = Aligner(self._encoder.checkpoint, known.vocabulary)

    def __call__(self, rows: pa.Table) -> pa.Table:
        row = rows.to_pylist()[0]
        places = np.arange(row["first"], row["end"])
        templates = np.zeros((0, self._encoder.dims), np.float32)
        if len(places) and self._framed is not None:
            templates = pooled(self._encoder, _some(self._framed, places), "own", progress=False)
        sums = sums_of_some_rows(self._encoder, self._aligner, row["sentences"], self._words)
        return output_row(({**sums, "templates": templates, "places": places}, {}))


def merge_samples(one: Result, other: Result) -> Result:
    """The sample of both, and what was left out for both."""
    arrays, values = Sample.of_arrays(*one).merge(Sample.of_arrays(*other)).arrays()
    (texts, sources), (more_texts, more_sources) = one[1]["skipped"], other[1]["skipped"]
    skipped = [texts + more_texts, sorted({*sources, *more_sources})]
    return arrays, {**values, "skipped": skipped}


def merge_encoded(one: Result, other: Result) -> Result:
    """Add the sums; concatenate the template vectors and the rows that they belong to."""
    (mine, _), (theirs, _) = one, other
    joined = {name: np.concatenate([mine[name], theirs[name]]) for name in ("templates", "places")}
    return {**add_sums(mine, theirs), **joined}, {}


def _some(framed: Framed, places: Int64[ndarray, " some"]) -> Framed:
    vectors = None if framed.vectors is None else framed.vectors[places]
    return replace(framed, sequences=framed.sequences.take(places), vectors=vectors)
