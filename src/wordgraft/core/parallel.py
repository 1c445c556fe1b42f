"""Work beside work, in threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from wordgraft.core.optional import require

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


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
    """Do the work on each part: `made_side_by_side` without results."""
    for _ in made_side_by_side(work, parts):
        pass


def made_side_by_side(
    work: Callable[[_Item], _Made], parts: Sequence[_Item], *, fewest: int = 2
) -> Iterator[_Made]:
    """What the work makes of each part, in their order, one after the other if they are too few.

    As many parts are worked on at once as PyTorch has threads, which then has one for each: of
    small steps in turns, threads within each step gain little.
    """
    torch = require("torch", purpose="working on parts side by side")
    threads = torch.get_num_threads()
    if threads < 2 or len(parts) < fewest:
        yield from map(work, parts)
        return
    # New threads take it over from here.
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(min(threads, len(parts)))
    coming: deque[Future[_Made]] = deque()
    try:
        for part in parts:
            coming.append(pool.submit(work, part))
            if len(coming) > threads:  # one waits, so that none is idle; more would only take room
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
