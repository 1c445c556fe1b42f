"""Parallel work in threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from wordgraft.core.optional import require

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def usable_cpus() -> int:
    """The number of CPUs this process may use, which can be fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def prefetched(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items, each made in a thread while the previous one is used."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as pool:
        next_item = pool.submit(next, iterator, None)
        while (item := next_item.result()) is not None:
            next_item = pool.submit(next, iterator, None)
            yield item


def run_in_parallel(work: Callable[[_Item], None], parts: Sequence[_Item]) -> None:
    """Call `work` on each part, as `map_in_parallel` does, and ignore the results."""
    for _ in map_in_parallel(work, parts):
        pass


def map_in_parallel(
    work: Callable[[_Item], _Result], parts: Sequence[_Item], *, fewest: int = 2
) -> Iterator[_Result]:
    """Yield the result of `work` for each part, in order.

    As many parts run in parallel as PyTorch has threads, one thread each, since several threads
    within a small step gain little. Fewer than `fewest` parts run one by one.
    """
    torch = require("torch", purpose="working on parts in parallel")
    threads = torch.get_num_threads()
    if threads < 2 or len(parts) < fewest:
        yield from map(work, parts)
        return
    # New threads inherit the setting.
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(min(threads, len(parts)))
    results: deque[Future[_Result]] = deque()
    try:
        for part in parts:
            results.append(pool.submit(work, part))
            if len(results) > threads:  # one more waits, so that no thread is idle
                yield results.popleft().result()
        while results:
            yield results.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
