"""How often work is tried again whose worker has died.

Ray Data tries for ever, and has no setting for it that stays; a share that is too large for a
machine would be begun on it again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from wordgraft.errors import ClusterError


class Tries:
    """Counts for all workers of a step; `most` times in a row a worker may die of its work."""

    def __init__(self, most: int = 4) -> None:
        begun: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Begun)
        self._most, self._begun = most, begun.remote()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around work, in the worker. Raises `ClusterError` when it has died of that too often."""
        context = ray.get_runtime_context()
        # An actor keeps its id when it is started again, and a task when it is tried again.
        worker = context.get_actor_id() or context.get_task_id()
        if ray.get(self._begun.add.remote(worker)) > self._most:
            raise ClusterError(
                f"a worker has died {self._most} times in a row; Ray's logs say of what, often of "
                "too little memory: start Ray with fewer CPUs, so that fewer work at once; what "
                "was done is kept, if a folder for it was given"
            )
        yield
        self._begun.clear.remote(worker)


class _Begun:
    """How often each worker has begun since it last came to an end."""

    def __init__(self) -> None:
        self._times = Counter[str]()

    def add(self, worker: str) -> int:
        self._times[worker] += 1
        return self._times[worker]

    def clear(self, worker: str) -> None:
        del self._times[worker]
