"""Stream a Ray Data dataset through a pool of workers, and merge their outputs in a tree."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from wordgraft.core.ray import RetryLimit, Workers, on_helper

if TYPE_CHECKING:
    import ray
    import ray.data
else:
    # Only after wordgraft.core.ray, which says how to install Ray.
    import ray
    import ray.data

T = TypeVar("T")


def map_rows(
    dataset: Callable[[], ray.data.Dataset],
    make_worker: Callable[[], Callable[[pa.Table], pa.Table]],
    workers: Workers,
    limit: RetryLimit,
    *,
    rows: int | None = None,
    block_bytes: int = 1,
    batch_size: int | None = 1,
) -> Iterator[ray.ObjectRef[Any]]:
    """Stream a dataset through a pool of workers; return references to the tables they make.

    Args:
        rows: how many the dataset has, if known; a pool is not larger.
        block_bytes: bytes of input per block; 1 for one row per block.
        batch_size: rows that a worker takes at once; None for a whole block.
    """
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.raise_original_map_exception = True
    context.target_max_block_size = block_bytes
    start = workers.count if rows is None else min(workers.count, rows)
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=workers.count, initial_size=start)
    with ray.data.DataContext.current(context):
        mapped = dataset().map_batches(
            _PoolMember,
            fn_constructor_args=(make_worker, limit),
            batch_size=batch_size,
            batch_format="pyarrow",
            compute=pool,
            **workers.resources,
        )
        for bundle in mapped.iter_internal_ref_bundles():
            yield from (entry.ref for entry in bundle.blocks)


def merged_in_tree(
    outputs: Iterable[ray.ObjectRef[Any]],
    merge: Callable[[T, T], T],
    advance: Callable[[], None],
) -> ray.ObjectRef[T]:
    """Merge what `output_row` packed on the workers, in pairs: log2(n) merges for each output.

    `advance` is called after each output.
    """
    merge_all = on_helper(_merge_all)
    waiting: list[ray.ObjectRef[Any] | None] = []
    for output in outputs:
        merged = output
        for level, other in enumerate(waiting):
            if other is None:
                waiting[level] = merged
                break
            waiting[level] = None
            merged = merge_all.remote(merge, other, merged)
        else:
            waiting.append(merged)
        advance()
    left = (part for part in waiting if part is not None)
    root: ray.ObjectRef[T] = merge_all.remote(merge, *left)
    return root


def output_row(result: Any) -> pa.Table:
    """A table of one row that holds any Python value."""
    schema = pa.schema({"result": pa.large_binary()})
    return pa.Table.from_pylist([{"result": pickle.dumps(result, 5)}], schema)


class _PoolMember:
    """What Ray Data turns into an actor: it needs a class, and calls it with these arguments."""

    def __init__(
        self, make_worker: Callable[[], Callable[[pa.Table], pa.Table]], limit: RetryLimit
    ) -> None:
        self._worker, self._limit = make_worker(), limit

    def __call__(self, rows: pa.Table) -> pa.Table:
        with self._limit.attempt():
            return self._worker(rows)


def _merge_all(merge: Callable[[Any, Any], Any], *parts: Any) -> Any:
    results: list[Any] = []
    for part in parts:
        merged_before = not isinstance(part, pa.Table)
        cells = [] if merged_before else part["result"]
        results += [part] if merged_before else [pickle.loads(cell.as_buffer()) for cell in cells]
    return reduce(merge, results)
