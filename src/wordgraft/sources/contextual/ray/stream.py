"""A dataset through actors, and their results through a tree of merges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
import ray
import ray.data

from wordgraft.core.ray import HELPER_CPUS, RetryLimit, Workers
from wordgraft.sources.contextual.ray.rows import Content, contents


def mapped(
    dataset: Callable[[], ray.data.Dataset],
    actor: Callable[[], Callable[[pa.Table], pa.Table]],
    workers: Workers,
    tries: RetryLimit,
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
    context.raise_original_map_exception = True
    context.target_max_block_size = block_bytes
    with ray.data.DataContext.current(context):
        mapped = dataset().map_batches(
            _Actor,
            fn_constructor_args=(actor, tries),
            batch_size=batch_size,
            batch_format="pyarrow",
            # Of fewer than there is room for, where there is little to do.
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=workers.count, initial_size=start
            ),
            **workers.resources,
        )
        for bundle in mapped.iter_internal_ref_bundles():
            yield from (entry.ref for entry in bundle.blocks)


class _Actor:
    """What Ray Data makes an actor of: it wants a class, and calls it with these arguments."""

    def __init__(
        self, make: Callable[[], Callable[[pa.Table], pa.Table]], tries: RetryLimit
    ) -> None:
        self._made, self._tries = make(), tries

    def __call__(self, rows: pa.Table) -> pa.Table:
        with self._tries.attempt():
            return self._made(rows)


def counted(items: Iterable[Any], advance: Callable[[], None]) -> Iterator[Any]:
    """The items; calls `advance` when each has been dealt with."""
    for item in items:
        yield item
        advance()


def tree(
    references: Iterable[ray.ObjectRef[Any]], merge: Callable[[Content, Content], Content]
) -> ray.ObjectRef[Content]:
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
    root: ray.ObjectRef[Content] = _merged.remote(merge, *left)
    return root


@ray.remote(num_cpus=HELPER_CPUS)
def _merged(merge: Callable[[Content, Content], Content], *parts: Any) -> Content:
    return reduce(merge, [content for part in parts for content in contents(part)])
