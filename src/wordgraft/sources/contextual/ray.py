"""`RayEngine`: a pass as a Ray job, on any number of machines, to the table that one would make.

Ray Data streams the corpus, read as `Corpus` reads it, to a pool of samplers, one per CPU. Their
samples merge in a tree, exactly. The driver selects sentences. A pool of encoders, one per GPU or
else per CPU, turns shares of them into sums, which are added in a tree too.

Every machine needs wordgraft with the extras `torch` and `ray`, and the checkpoint and the corpus
under the names that the driver knows them by.

Ray Data's own readers are not used: they treat other values as missing, read a text file whole and
stop at a line that is not UTF-8.
"""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.optional import require
from wordgraft.core.progress import progress_bar
from wordgraft.core.ray import (
    HELPER_CPUS,
    RetryLimit,
    Workers,
    connected,
    errors_translated,
    on_helper,
)
from wordgraft.core.ray_data import map_rows, merged_in_tree, output_row
from wordgraft.core.run_state import RunState
from wordgraft.errors import CheckpointError, DataError, first_line
from wordgraft.sources.contextual.accumulate import SUMS, Aligner, add_sums, sums_of_some_rows
from wordgraft.sources.contextual.corpus import Corpus, Skipped
from wordgraft.sources.contextual.pipeline import (
    Encoded,
    EncoderSettings,
    dtype_of,
    log_estimate,
    runs_of_tokens,
    tokens_per_second,
)
from wordgraft.sources.contextual.plan import EncodingPlan
from wordgraft.sources.contextual.sample import Sample, Sampler
from wordgraft.sources.isolated import Framed, pooled
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    import ray
    import ray.data
    from jaxtyping import Int64
    from numpy import ndarray
else:
    ray = require("ray", purpose="RayEngine")
    require("ray.data", purpose="RayEngine")

# Bytes of text in one partial sample: each worker gets several, and none gets many.
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 128 << 20
# Batches of the encoder in a share: some 90 seconds on a CPU, 20 on a large GPU.
_BATCHES_PER_SHARE = 512
# A row of input: sentences; or the first and the end of the words to encode in their template; or,
# as JSON, what a reader has left out.
_INPUT = pa.schema(
    {
        "sentences": pa.large_list(pa.large_string()),
        "first": pa.int64(),
        "end": pa.int64(),
        "skipped": pa.string(),
    }
)
# What a row of output holds: arrays and plain values.
Result = tuple[dict[str, "ndarray"], dict[str, Any]]


@dataclass(frozen=True)
class RayEngine:
    """Runs both steps of a pass on a Ray cluster. Progress is saved after each step.

    Args:
        address: `HOST:PORT` of the cluster's head, or `auto` on one of its machines; None joins
            the Ray that is running, or else starts one on this machine.

    Example: `Contextual("news.txt", engine=RayEngine("auto"))`.
    """

    address: str | None = None
    name: ClassVar[str] = "ray"

    def session(self) -> AbstractContextManager[None]:
        """Connect. Raises `ClusterError`."""
        return connected(self.address)

    def sample(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        *,
        size: int,
        seed: int,
        state: RunState,
        progress: bool,
    ) -> Sample:
        if saved := state.load("sample"):
            corpus.skipped.texts, corpus.skipped.sources = saved.values["skipped"]
            return Sample.of_arrays(*saved)
        workers = Workers.of("cpu")
        with errors_translated():
            job = ray.put(Job.of(checkpoint, vocabulary=vocabulary))
            ray.get(on_helper(check_checkpoint).remote(job))
            limit = RetryLimit()
            share = sum(size for _, size in corpus.sizes()) // workers.parts
            samples = map_rows(
                read_corpus(corpus, workers, limit),
                partial(SamplingWorker, job, size, seed),
                workers,
                limit,
                block_bytes=min(max(share, _FEWEST_BYTES), _MOST_BYTES),
                batch_size=None,
            )
            with progress_bar("reading, parts", None, show=progress) as advance:
                arrays, values = ray.get(merged_in_tree(samples, merge_samples, advance))
        corpus.skipped.texts, corpus.skipped.sources = values["skipped"]
        state.save("sample", arrays, values)
        return Sample.of_arrays(arrays, values)

    def encode(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: EncodingPlan,
        framed: Framed,
        settings: EncoderSettings,
        *,
        state: RunState,
        progress: bool,
    ) -> Encoded:
        if saved := state.load("sums"):
            sums = {name: saved.arrays[name] for name in SUMS}
            return Encoded(saved.arrays["templates"], sums, saved.values["dtype"])
        workers = Workers.of(settings.device)
        settings = replace(settings, device=workers.device)
        with errors_translated():
            job = ray.put(
                Job.of(checkpoint, vocabulary=plan.vocabulary, framed=framed, settings=settings)
            )
            template_tokens = len(framed.sequences.ids)
            tokens = plan.tokens_to_encode + template_tokens
            length = plan.mean_length(checkpoint.max_tokens)
            measure = ray.remote(measure_encoder).options(**workers.resources)
            speed: Speed = ray.get(measure.remote(job, length, tokens))
            name = f"{workers.count} workers ({speed.device})"
            log_estimate(plan, template_tokens, speed.tokens_per_second * workers.count, name)
            # Several shares a worker, and none that takes for ever.
            share = min(
                max(tokens // workers.parts, speed.tokens_per_batch),
                _BATCHES_PER_SHARE * speed.tokens_per_batch,
            )
            limit = RetryLimit()
            dataset, rows = _shares(corpus, plan, framed, workers, limit, share, length)
            results = map_rows(dataset, partial(EncodingWorker, job), workers, limit, rows=rows)
            with progress_bar("encoding, shares", rows, show=progress) as advance:
                arrays, _ = ray.get(merged_in_tree(results, merge_encoded, advance))
        words = len(plan.vocabulary)
        templates = np.empty((words, speed.dims), np.float32)
        templates[arrays["places"]] = arrays["templates"]
        sums = {}
        for name in SUMS:
            sums[name] = np.zeros((words, *arrays[name].shape[1:]), arrays[name].dtype)
            sums[name][arrays["rows"]] = arrays[name]
        state.save("sums", {**sums, "templates": templates}, {"dtype": speed.dtype})
        return Encoded(templates, sums, speed.dtype)


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
        """The checkpoint as this machine has it. Raises `CheckpointError` if it is another."""
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
    """What a worker reports of its encoder."""

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
    """Sentences to a sample of them."""

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
    """Sentences to the sums of their words' states; and words to their template vectors."""

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


def read_corpus(
    corpus: Corpus, workers: Workers, limit: RetryLimit, size: int = 8192
) -> Callable[[], ray.data.Dataset]:
    """Makes a dataset of a corpus, of about `size` sentences a row.

    Raises `DataError` for texts in memory that cannot be sent to a worker.
    """
    parts = []
    for part in corpus.split(2 * workers.parts):
        try:
            pickled = ray.cloudpickle.dumps(part)  # type: ignore[no-untyped-call]
        except (TypeError, AttributeError, ValueError, pickle.PicklingError) as error:
            raise DataError(
                f"{', '.join(part.names)} of the corpus cannot be sent to Ray's workers "
                f"({first_line(error)}); write it to files that every machine can read, and give "
                "their names"
            ) from error
        parts.append(pa.table({"corpus": [pickled]}))
    return lambda: ray.data.from_arrow(parts).map_batches(
        partial(_read, limit=limit, size=size),
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=HELPER_CPUS,
    )


def merge_samples(one: Result, other: Result) -> Result:
    """The sample of both, and what was left out for both."""
    arrays, values = Sample.of_arrays(*one).merge(Sample.of_arrays(*other)).arrays()
    (texts, sources), (more_texts, more_sources) = one[1]["skipped"], other[1]["skipped"]
    skipped = [texts + more_texts, sorted({*sources, *more_sources})]
    return arrays, {**values, "skipped": skipped}


def merge_encoded(one: Result, other: Result) -> Result:
    """Sums added; template vectors, and the rows that they belong to, put one after the other."""
    (mine, _), (theirs, _) = one, other
    joined = {name: np.concatenate([mine[name], theirs[name]]) for name in ("templates", "places")}
    return {**add_sums(mine, theirs), **joined}, {}


def input_row(
    sentences: Iterable[str] = (), *, first: int = 0, end: int = 0, skipped: str | None = None
) -> pa.Table:
    """A row of input, see `_INPUT`."""
    row = {"sentences": list(sentences), "first": first, "end": end, "skipped": skipped}
    return pa.Table.from_pylist([row], _INPUT)


def _shares(
    corpus: Corpus,
    plan: EncodingPlan,
    framed: Framed,
    workers: Workers,
    limit: RetryLimit,
    share: int,
    length: int,
) -> tuple[Callable[[], ray.data.Dataset], int | None]:
    """Makes a dataset of what is to be encoded, about `share` tokens a row; and its rows."""
    words = runs_of_tokens(framed.sequences.lengths, share)
    rows = [input_row(first=first, end=end) for first, end in words]
    if plan.selection is not None:
        runs = runs_of_tokens(plan.selection.tokens, share)
        rows += [input_row(plan.selection.sentences[first:end]) for first, end in runs]
        return partial(ray.data.from_arrow, rows), len(rows)
    sentences = read_corpus(corpus, workers, limit, max(1, share // length))
    return lambda: ray.data.from_arrow(rows).union(sentences()), None


def _some(framed: Framed, places: Int64[ndarray, " some"]) -> Framed:
    vectors = None if framed.vectors is None else framed.vectors[places]
    return replace(framed, sequences=framed.sequences.take(places), vectors=vectors)


def _read(parts: pa.Table, *, limit: RetryLimit, size: int) -> Iterator[pa.Table]:
    for part in parts["corpus"]:
        corpus: Corpus = pickle.loads(part.as_buffer())
        with limit.attempt():
            for block in corpus.blocks(size=size):
                yield input_row(block.sentences)
            yield input_row(skipped=json.dumps(asdict(corpus.skipped)))
