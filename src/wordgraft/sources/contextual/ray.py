"""A pass as a Ray job: any number of machines, and the table that one machine would make.

Ray Data reads the corpus, as `Corpus` does, and streams its sentences to one sampler per CPU, whose
samples merge in a tree, which is exact. The driver chooses. One encoder per GPU, or else per CPU,
takes shares of the sentences and gives the sums of the rows that occur in them, which are added in
a tree too. Ray tries again what a worker has died of.

Every machine needs wordgraft, its extras `torch` and `ray`, and the checkpoint and the corpus under
the names that the driver knows them by.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import Encoder
from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.errors import CheckpointError, ClusterError, DataError, WordgraftError
from wordgraft.extras import require
from wordgraft.progress import progress_bar
from wordgraft.sources.contextual.average import Aligner, Sums
from wordgraft.sources.contextual.corpus import Corpus, Skipped
from wordgraft.sources.contextual.encode import (
    Encoded,
    ahead,
    dtype_of,
    mean_length,
    report,
    to_encode,
    tokens_per_second,
)
from wordgraft.sources.contextual.kept import KeptProgress, packed, unpacked
from wordgraft.sources.contextual.plan import Options, Plan
from wordgraft.sources.contextual.sample import Sample, Sampler
from wordgraft.sources.isolated import Framed, pooled
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    import ray
    import ray.data
    from jaxtyping import Int64
    from numpy import ndarray
    from ray.data.datasource import Datasource
else:
    ray = require("ray", purpose="the engine 'ray'")
    require("ray.data", purpose="the engine 'ray'")
    Datasource = ray.data.Datasource

# Parts of a CPU: what samples or encodes is as good as all of it, and leaves room for one that
# reads and one that merges, without which it would have nothing to do.
_WORKER_CPUS, _HELPER_CPUS = 0.8, 0.2
# Bytes of text that make one partial sample: each worker gets several, and none gets many.
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 128 << 20
_PARTS_PER_WORKER = 8
# Batches of the encoder in a share: some 90 seconds on a CPU, 20 on a large GPU.
_BATCHES_PER_SHARE = 512
# Batches between two growths of a share's sums.
_BATCHES_AT_ONCE = 16
_SECONDS_TO_ANSWER = 5.0
# A Ray is a gRPC server, and answers a greeting with its settings: RFC 9113, sections 3.4 and 6.5.
_HTTP2_SETTINGS = b"\x04"
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0" + _HTTP2_SETTINGS + b"\0\0\0\0\0"
_CONTENT, _NOTE, _RESULT = "content", "note", "result"
_FRAMED = "words in their template"
_SUMS = ("states", "squares", "counts")

# What travels: arrays, and plain numbers.
_Content = tuple[dict[str, "ndarray"], dict[str, Any]]


@dataclass(frozen=True)
class _Job:
    """What every worker needs to know."""

    checkpoint: str
    allow_pickle: bool
    sha256: str
    vocabulary: Vocabulary | None = None
    layers: tuple[int, ...] = ()
    device: str = "cpu"
    dtype: str = "auto"

    @classmethod
    def of(cls, checkpoint: Checkpoint, **others: Any) -> _Job:
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

    def encoder(self) -> Encoder:
        return Encoder(self.open(), layers=self.layers, device=self.device, dtype=self.dtype)


@dataclass(frozen=True)
class _Workers:
    """How many a cluster has room for, and what Ray is to set aside for each."""

    count: int
    gpus: int
    device: str

    @classmethod
    def of(cls, device: str) -> _Workers:
        """One per GPU if `device` allows it and there are any, else one per CPU."""
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
        if device.startswith("cuda") and not gpus:
            raise ClusterError(f"the device is {device}, but no machine of the cluster has a GPU")
        if gpus and (device == "auto" or device.startswith("cuda")):
            return cls(gpus, 1, "cuda")
        if not cpus:
            raise ClusterError("the cluster has no CPU to work with; start a Ray worker node")
        return cls(cpus, 0, "cpu" if device == "auto" else device)

    @property
    def each(self) -> dict[str, float]:
        """What Ray is to set aside for one of them."""
        return {"num_cpus": _WORKER_CPUS, "num_gpus": self.gpus}


@contextmanager
def connected(address: str | None) -> Iterator[Cluster]:
    """A Ray to run on: at `address`; or the one this process is connected to; or a new one here.

    What was started or connected to is left at the end. Raises `ClusterError` when nobody answers.
    """
    if ray.is_initialized():
        if address is not None:
            raise ClusterError(
                f"address {address}: this process is connected to a Ray already; leave the address "
                "out to use that one, or call ray.shutdown() first"
            )
        with _quiet():
            yield Cluster()
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _check_answers(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options["include_dashboard"] = False
    # Ray's core warns of what Ray Data does; and with its level set, says that it is set.
    quiet = _environment(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal")
    try:
        try:
            with _interrupted_later(), quiet, _no_standard_error():
                ray.init(address=address, **options)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise ClusterError(
                f"no Ray at {address} could be used ({_first_line(error)})"
            ) from error
        with _quiet():
            yield Cluster()
    finally:
        ray.shutdown()


class Cluster:
    """The Ray that this process is connected to, as an `Engine`."""

    def sampled(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        size: int,
        seed: int,
        kept: KeptProgress,
        *,
        progress: bool,
    ) -> Sample:
        if found := kept.load("sample"):
            arrays, state = found
            corpus.skipped.texts, corpus.skipped.sources = state["skipped"]
            return Sample.of_arrays(arrays, state)
        workers = _Workers.of("cpu")
        job = ray.put(_Job.of(checkpoint, vocabulary=vocabulary))
        with _explained():
            ray.get(_check.remote(job))
            share = _bytes_of(corpus) // (_PARTS_PER_WORKER * workers.count)
            samples = _mapped(
                _read(corpus, workers),
                partial(_Sampling, job, size, seed),
                workers,
                block_bytes=min(max(share, _FEWEST_BYTES), _MOST_BYTES),
                batch_size=None,
            )
            with progress_bar("reading, parts", None, show=progress) as advance:
                arrays, state = ray.get(_tree(_counted(samples, advance), merge_samples))
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
        kept: KeptProgress,
        *,
        progress: bool,
    ) -> Encoded:
        if found := kept.load("sums"):
            arrays, state = found
            sums = {name: np.array(arrays[name]) for name in _SUMS}
            return Encoded(np.array(arrays["templates"]), sums, state["dtype"])
        workers = _Workers.of(options.device)
        job = ray.put(
            _Job.of(
                checkpoint,
                vocabulary=plan.vocabulary,
                layers=options.layers,
                device=workers.device,
                dtype=options.encoder_dtype,
            )
        )
        with _explained():
            template_tokens = len(framed.sequences.ids)
            length, of = mean_length(plan, checkpoint), to_encode(plan)[1] + template_tokens
            probe = ray.get(_probe.options(**workers.each).remote(job, length, of))
            where = f"{workers.count} workers ({probe.device})"
            report(plan, template_tokens, probe.rate * workers.count, where)
            made = _encoded(corpus, plan, framed, job, workers, probe, length, progress=progress)
        kept.save("sums", {**made.sums, "templates": made.templates}, {"dtype": made.dtype})
        return made


@dataclass(frozen=True)
class _Probe:
    """What a worker says of its encoder: tokens/s, and what it computes on and with."""

    rate: float
    dims: int
    tokens_per_batch: int
    device: str
    dtype: str

    def share(self, tokens: int, workers: _Workers) -> int:
        """Tokens to encode at a time: several shares a worker, none that takes for ever."""
        wanted = tokens // (_PARTS_PER_WORKER * workers.count)
        return min(max(wanted, self.tokens_per_batch), _BATCHES_PER_SHARE * self.tokens_per_batch)


def merge_samples(one: _Content, other: _Content) -> _Content:
    """The arrays of two samples to those of both, and what was left out for both."""
    (_, state), (_, more) = one, other
    arrays, both = Sample.of_arrays(*one).merge(Sample.of_arrays(*other)).arrays()
    texts, sources = state["skipped"]
    more_texts, more_sources = more["skipped"]
    return arrays, {**both, "skipped": [texts + more_texts, sorted({*sources, *more_sources})]}


def add_sums(one: _Content, other: _Content) -> _Content:
    """Add sums of some rows each: `rows`, ascending, and what `Sums.arrays` has for them.

    Vectors of words in their template, `framed`, and their rows, `places`, are put together.
    """
    (mine, _), (theirs, _) = one, other
    rows = np.union1d(mine["rows"], theirs["rows"])
    found = {"rows": rows}
    for name in ("framed", "places"):
        found[name] = np.concatenate([mine[name], theirs[name]])
    for name in _SUMS:
        found[name] = np.zeros((len(rows), *mine[name].shape[1:]), mine[name].dtype)
        for part in (mine, theirs):
            found[name][np.searchsorted(rows, part["rows"])] += part[name]
    return found, {}


def share_sums(
    encoder: Encoder, aligner: Aligner, sentences: Sequence[str], words: int
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


class _Sampling:
    """A Ray actor: sentences to a sample of them."""

    def __init__(self, job: ray.ObjectRef[_Job], size: int, seed: int) -> None:
        known = ray.get(job)
        self._sampler = Sampler(known.open(), known.vocabulary, size=size, seed=seed)

    def __call__(self, rows: pa.Table) -> pa.Table:
        texts, sources = 0, set[str]()
        for packed_sentences, note in zip(rows[_CONTENT], rows[_NOTE], strict=True):
            if sentences := _unpacked(packed_sentences):
                self._sampler.add(sentences)
            if left_out := note.as_py():
                skipped = Skipped(**json.loads(left_out))
                texts, sources = texts + skipped.texts, sources | set(skipped.sources)
        arrays, state = self._sampler.drain().arrays()
        return _result((arrays, {**state, "skipped": [texts, sorted(sources)]}))


class _Encoding:
    """A Ray actor: sentences to the sums of their words' states; or words to template vectors."""

    def __init__(self, job: ray.ObjectRef[_Job]) -> None:
        known = ray.get(job)
        assert known.vocabulary is not None  # planned before
        self._encoder, self._words = known.encoder(), len(known.vocabulary)
        self._aligner = Aligner(self._encoder.checkpoint, known.vocabulary)

    def __call__(self, rows: pa.Table) -> pa.Table:
        (content,), (note,) = rows[_CONTENT], rows[_NOTE]
        framed, places = np.zeros((0, self._encoder.dims), np.float32), np.zeros(0, np.int64)
        sentences: list[str] = []
        if note.as_py() == _FRAMED:
            start, share = pickle.loads(content.as_buffer())
            framed = pooled(self._encoder, share, "own", progress=False)
            places = np.arange(start, start + len(framed))
        else:
            sentences = _unpacked(content)
        sums = share_sums(self._encoder, self._aligner, sentences, self._words)
        return _result(({**sums, "framed": framed, "places": places}, {}))


class _Sources(Datasource):
    """A corpus as Ray Data reads it: some sentences a row, and what was left out before them.

    Its own readers are not used: they take other values for missing, read a text file whole, and
    stop at a line that is not UTF-8.
    """

    def __init__(self, corpus: Corpus, size: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._corpus, self._size = corpus, size

    def estimate_inmemory_data_size(self) -> int | None:
        """Not known: of a compressed file, or of a dataset."""
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
        """One for every source, or for several where there are more than `parallelism`."""
        from ray.data.block import BlockMetadata
        from ray.data.datasource import ReadTask

        number = len(self._corpus.sources)
        unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [
            ReadTask(partial(_blocks, _some_sources(self._corpus, places), self._size), unknown)
            for places in np.array_split(np.arange(number), min(parallelism, number))
        ]


def _read(corpus: Corpus, workers: _Workers, size: int | None = None) -> Any:
    tasks = min(len(corpus.sources), 2 * _PARTS_PER_WORKER * workers.count)
    source = _Sources(_absolute(corpus), size or 8192)
    return partial(
        ray.data.read_datasource, source, num_cpus=_HELPER_CPUS, override_num_blocks=tasks
    )


def _blocks(corpus: Corpus, size: int) -> Iterator[pa.Table]:
    for block in corpus.blocks(size=size):
        yield _row(packed(block.sentences).tobytes())
    yield _row(b"", json.dumps(asdict(corpus.skipped)))


def _row(content: bytes, note: str = "") -> pa.Table:
    column = pa.array([content], pa.large_binary())
    return pa.table({_CONTENT: column, _NOTE: pa.array([note])})


def _some_sources(corpus: Corpus, places: Int64[ndarray, " some"]) -> Corpus:
    return replace(
        corpus,
        sources=tuple(corpus.sources[place] for place in places),
        names=tuple(corpus.names[place] for place in places),
        skipped=Skipped(),
    )


def _absolute(corpus: Corpus) -> Corpus:
    """With the whole path of each file: a worker has a folder of its own.

    Raises `DataError` for texts in memory that cannot be sent to one.
    """
    sources: list[Any] = []
    for source, name in zip(corpus.sources, corpus.names, strict=True):
        if isinstance(source, tuple):
            path, column = source
            sources.append((str(Path(path).resolve()) if Path(path).is_file() else path, column))
            continue
        try:
            ray.cloudpickle.dumps(source)  # type: ignore[no-untyped-call]
        except (TypeError, AttributeError, ValueError, pickle.PicklingError) as error:
            raise DataError(
                f"{name} of the corpus cannot be sent to Ray's workers ({_first_line(error)}); "
                "write it to files that every machine can read, and give their names"
            ) from error
        sources.append(source)
    return replace(corpus, sources=tuple(sources))


def _bytes_of(corpus: Corpus) -> int:
    files = (Path(source[0]) for source in corpus.sources if isinstance(source, tuple))
    return sum(file.stat().st_size for file in files if file.is_file())


def _mapped(
    dataset: Callable[[], Any],
    actor: Callable[[], Callable[[pa.Table], pa.Table]],
    workers: _Workers,
    *,
    inputs: int | None = None,
    block_bytes: int = 1,
    batch_size: int | None = 1,
) -> Iterator[ray.ObjectRef[Any]]:
    """Stream a dataset through actors; gives references to the tables that they return.

    Args:
        inputs: how many blocks the dataset has, where it is known.
        block_bytes: of input that make a block; 1 for a block a row.
        batch_size: rows that an actor takes at once; None for a block.
    """
    start = workers.count if inputs is None else min(workers.count, inputs)
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = block_bytes
    with ray.data.DataContext.current(context):
        mapped = dataset().map_batches(
            _Actor,
            fn_constructor_args=(actor,),
            batch_size=batch_size,
            batch_format="pyarrow",
            # Of fewer than there is room for, where there is little to do.
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=workers.count, initial_size=start
            ),
            **workers.each,
        )
        for bundle in mapped.iter_internal_ref_bundles():
            yield from (entry.ref for entry in bundle.blocks)


class _Actor:
    """What Ray Data makes an actor of: it wants a class, and calls it with these arguments."""

    def __init__(self, make: Callable[[], Callable[[pa.Table], pa.Table]]) -> None:
        self._made = make()

    def __call__(self, rows: pa.Table) -> pa.Table:
        return self._made(rows)


def _encoded(
    corpus: Corpus,
    plan: Plan,
    framed: Framed,
    job: ray.ObjectRef[_Job],
    workers: _Workers,
    probe: _Probe,
    length: int,
    *,
    progress: bool,
) -> Encoded:
    sequences = framed.sequences
    _, tokens = to_encode(plan)
    share = probe.share(tokens + len(sequences.ids), workers)
    parts = [
        _row(
            pickle.dumps((start, replace(framed, sequences=_slice(sequences, start, end)))), _FRAMED
        )
        for start, end in _shares(sequences.lengths, share)
    ]
    total = None
    if plan.choice is None:
        read = _read(corpus, workers, max(1, share // length))
        words = parts

        def dataset() -> Any:
            return ray.data.from_arrow(words).union(read())

    else:
        parts += [
            _row(packed(plan.choice.sentences[start:end]).tobytes())
            for start, end in _shares(plan.choice.tokens, share)
        ]
        total, dataset = len(parts), partial(ray.data.from_arrow, parts)
    results = _mapped(dataset, partial(_Encoding, job), workers, inputs=total)
    with progress_bar("encoding, shares", total, show=progress) as advance:
        made, _ = ray.get(_tree(_counted(results, advance), add_sums))
    templates = np.empty((len(sequences), probe.dims), np.float32)
    templates[made["places"]] = made["framed"]
    sums: dict[str, ndarray] = {}
    for name in _SUMS:
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


def _tree(
    references: Iterable[ray.ObjectRef[Any]], merge: Callable[[_Content, _Content], _Content]
) -> ray.ObjectRef[_Content]:
    """Merge equals with equals as they come, on the workers: each goes through log2(n) merges."""
    waiting: list[ray.ObjectRef[Any] | None] = []
    for reference in references:
        merged = reference
        for level, other in enumerate(waiting):
            if other is None:
                waiting[level] = merged
                break
            waiting[level] = None
            merged = _merged.remote(merge, other, merged)
        else:
            waiting.append(merged)
    left = [each for each in waiting if each is not None]
    root: ray.ObjectRef[_Content] = _merged.remote(merge, *left)
    return root


@ray.remote(num_cpus=_HELPER_CPUS)
def _merged(merge: Callable[[_Content, _Content], _Content], *parts: Any) -> _Content:
    return reduce(merge, [content for part in parts for content in _contents(part)])


@ray.remote(num_cpus=_HELPER_CPUS)
def _check(job: _Job) -> None:
    """Say before anything else if a worker cannot open the checkpoint."""
    job.open()


@ray.remote
def _probe(job: _Job, length: int, of: int) -> _Probe:
    encoder = job.encoder()
    return _Probe(
        tokens_per_second(encoder, length, of=of),
        encoder.dims,
        encoder.tokens_per_batch,
        str(encoder.device),
        dtype_of(encoder),
    )


def _result(content: Any) -> pa.Table:
    """One row that Ray Data takes as it is."""
    return pa.table({_RESULT: pa.array([pickle.dumps(content, 5)], pa.large_binary())})


def _contents(part: Any) -> list[_Content]:
    """What `_result` has packed, or what was merged before."""
    if isinstance(part, pa.Table):
        return [pickle.loads(content.as_buffer()) for content in part[_RESULT]]
    return [part]


def _unpacked(sentences: pa.LargeBinaryScalar) -> list[str]:
    return unpacked(np.frombuffer(sentences.as_buffer(), np.uint8))


def _counted(items: Iterable[Any], advance: Callable[[], None]) -> Iterator[Any]:
    for item in items:
        yield item
        advance()


def _check_answers(address: str) -> None:
    """Raise `ClusterError` within seconds when nobody listens; Ray itself would try for long."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"address {address} is that of a Ray client, which Ray Data does not run on; run the "
            "command on a machine of the cluster with --address auto, or through 'ray job submit'"
        )
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER) as connection:
            if not os.environ.get("RAY_USE_TLS"):
                connection.sendall(_HTTP2_GREETING)
                if connection.recv(4)[3:] != _HTTP2_SETTINGS:
                    raise ConnectionError("something else does")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Ray answers at {address} ({_first_line(error)}); expected HOST:PORT of a "
            "cluster's head, as 'ray start --head' prints it, or auto on one of its machines"
        ) from error


@contextmanager
def _explained() -> Iterator[None]:
    """Raise what a worker raised on purpose as if it had been raised here."""
    try:
        yield
    except ray.exceptions.RayError as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, WordgraftError) and not isinstance(cause, ray.exceptions.RayError):
                raise cause from error
            cause = getattr(cause, "cause", None) or cause.__cause__
        raise ClusterError(
            f"Ray gave up ({type(error).__name__}: {_last_line(error)}); what was done is kept, if "
            "a folder for it was given"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Ray Data's notes off standard error; its own log files have them."""
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends: Ray can crash when it comes while it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Variables that Ray reads when it starts, and only then."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update({name: value for name, value in values.items() if before[name] is None})
    try:
        yield
    finally:
        for name in values:
            if before[name] is None:
                del os.environ[name]


@contextmanager
def _no_standard_error() -> Iterator[None]:
    """Turn away what is written to standard error, also from outside Python."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
