"""The corpus as Ray Data reads it: some sentences a row, and what was left out before them.

Its own readers are not used: they take other values for missing, read a text file whole, and stop
at a line that is not UTF-8.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import ray
import ray.data

from wordgraft.core.ray import HELPER_CPUS, RetryLimit, Workers
from wordgraft.core.run_state import pack_texts
from wordgraft.errors import DataError, first_line
from wordgraft.sources.contextual.corpus import Corpus, Skipped
from wordgraft.sources.contextual.ray.rows import CONTENT, row

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


def read(
    corpus: Corpus, workers: Workers, tries: RetryLimit, size: int = 8192
) -> Callable[[], ray.data.Dataset]:
    """Makes a dataset of the sentences, of about `size` a row.

    Raises `DataError` for texts in memory that cannot be sent to a worker.
    """
    corpus, number = _absolute(corpus), len(corpus.sources)
    # A task for every source, or for several where there are many.
    tasks = [
        row(ray.cloudpickle.dumps(_some_sources(corpus, places)))  # type: ignore[no-untyped-call]
        for places in np.array_split(np.arange(number), min(number, 2 * workers.parts))
    ]
    return lambda: ray.data.from_arrow(tasks).map_batches(
        partial(_blocks, tries=tries, size=size),
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=HELPER_CPUS,
    )


def bytes_of(corpus: Corpus) -> int:
    """Of its files, as they are on this machine."""
    files = (Path(source[0]) for source in corpus.sources if isinstance(source, tuple))
    return sum(file.stat().st_size for file in files if file.is_file())


def _blocks(tasks: pa.Table, *, tries: RetryLimit, size: int) -> Iterator[pa.Table]:
    for task in tasks[CONTENT]:
        corpus: Corpus = pickle.loads(task.as_buffer())
        with tries.attempt():
            for block in corpus.blocks(size=size):
                yield row(pack_texts(block.sentences).tobytes())
            yield row(b"", json.dumps(asdict(corpus.skipped)))


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
                f"{name} of the corpus cannot be sent to Ray's workers ({first_line(error)}); "
                "write it to files that every machine can read, and give their names"
            ) from error
        sources.append(source)
    return replace(corpus, sources=tuple(sources))
