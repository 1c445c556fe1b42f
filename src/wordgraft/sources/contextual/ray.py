"""`RayEngine`: a pass as a Ray job on any number of machines; the table is the same as from one.

Ray Data streams the corpus, read as `Corpus` reads it, to a pool of samplers, one per CPU. Their
samples merge in a tree, exactly. The driver selects sentences. A pool of encoders, one per GPU or
else per CPU, turns shares of them into sums, which are added in a tree too.

Every machine needs wordgraft with the extras `torch` and `ray`, and the checkpoint and the corpus
under the same names as on the driver.

Ray Data's own readers are not used: they treat other values as missing, read a text file whole and
stop at a line that is not UTF-8.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from wordgraft.checkpoint import Checkpoint
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
from wordgraft.core.ray_data import map_rows, merged_in_tree
from wordgraft.core.run_state import RunState
from wordgraft.errors import DataError, first_line
from wordgraft.sources.contextual.accumulate import SUMS
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.pipeline import (
    Encoded,
    EncoderSettings,
    log_estimate,
    runs_of_tokens,
)
from wordgraft.sources.contextual.plan import EncodingPlan
from wordgraft.sources.contextual.ray_workers import (
    EncodingWorker,
    Job,
    SamplingWorker,
    Speed,
    check_checkpoint,
    measure_encoder,
    merge_encoded,
    merge_samples,
)
from wordgraft.sources.contextual.sample import Sample
from wordgraft.sources.isolated import Framed
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    import ray
    import ray.data
else:
    ray = require("ray", purpose="RayEngine")
    require("ray.data", purpose="RayEngine")

# Bytes of text in one partial sample: each worker gets several, and none gets many.
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 128 << 20
# Batches of the encoder in a share: about 90 seconds on a CPU, 20 on a large GPU.
_BATCHES_PER_SHARE = 512
# A row of input: sentences; or the start and the end of the words to encode in their template; or,
# as JSON, what a reader has left out.
_INPUT = pa.schema(
    {
        "sentences": pa.large_list(pa.large_string()),
        "first": pa.int64(),
        "end": pa.int64(),
        "skipped": pa.string(),
    }
)


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
            # Several shares per worker, and none that takes too long.
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


def read_corpus(
    corpus: Corpus, workers: Workers, limit: RetryLimit, size: int = 8192
) -> Callable[[], ray.data.Dataset]:
    """Make a dataset of a corpus, with about `size` sentences per row.

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
    """A dataset of what is to be encoded, about `share` tokens per row, and its number of rows."""
    words = runs_of_tokens(framed.sequences.lengths, share)
    rows = [input_row(first=first, end=end) for first, end in words]
    if plan.selection is not None:
        runs = runs_of_tokens(plan.selection.tokens, share)
        rows += [input_row(plan.selection.sentences[first:end]) for first, end in runs]
        return partial(ray.data.from_arrow, rows), len(rows)
    sentences = read_corpus(corpus, workers, limit, max(1, share // length))
    return lambda: ray.data.from_arrow(rows).union(sentences()), None


def _read(parts: pa.Table, *, limit: RetryLimit, size: int) -> Iterator[pa.Table]:
    for part in parts["corpus"]:
        corpus: Corpus = pickle.loads(part.as_buffer())
        with limit.attempt():
            for block in corpus.blocks(size=size):
                yield input_row(block.sentences)
            yield input_row(skipped=json.dumps(asdict(corpus.skipped)))
