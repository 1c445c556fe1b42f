"""Work beside work, in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wordgraft.extras import require

_Item = TypeVar("_Item")


def usable_cpus() -> int:
    """How many CPUs this process may run on, which can be fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items, each made in a thread while its forerunner is worked on."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, iterator, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, iterator, None)
            yield item


def side_by_side(work: Callable[[_Item], None], parts: Sequence[_Item]) -> None:
    """Do the work on each part, as many at once as PyTorch has threads, which then has one each.

    For small steps of NumPy and PyTorch in turns, of which threads within each step gain little.
    """
    torch = require("torch", purpose="working on parts side by side")
    threads = torch.get_num_threads()
    if min(threads, len(parts)) <= 1:
        for part in parts:
            work(part)
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(min(threads, len(parts))) as pool:
            for _ in pool.map(work, parts):
                pass
    finally:
        torch.set_num_threads(threads)
