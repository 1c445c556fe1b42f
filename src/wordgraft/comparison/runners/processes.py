"""Runs side by side in processes of this machine, each with its share of the threads."""

from __future__ import annotations

import logging
import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import RunRequest, attempted, unfinished
from wordgraft.comparison.methods import MadeMethods
from wordgraft.comparison.records import Cell, MethodRun
from wordgraft.core.optional import require
from wordgraft.core.parallel import usable_cpus
from wordgraft.errors import ClusterError

# What a process usually needs: PyTorch, the texts, a table and a network in training.
_GIGABYTES = 2
_DATA = "data"
# The run of a process that died is started once more: memory may be free by then.
_ATTEMPTS = 2


def fitting_jobs() -> int:
    """Runs that fit on this machine: one per CPU, as far as memory allows; one on a GPU."""
    torch = require("torch", purpose="wordgraft compare")
    if torch.cuda.is_available():
        return 1
    return max(1, min(usable_cpus(), _memory() // (_GIGABYTES * 10**9)))


@dataclass(frozen=True)
class ProcessRunner:
    """Makes runs in processes of this machine.

    Attributes:
        jobs: runs side by side; by default as many as fit (`fitting_jobs`).
    """

    jobs: int | None = None

    @contextmanager
    def started(self, methods: MadeMethods, data: Data) -> Iterator[ProcessQueue]:
        jobs = fitting_jobs() if self.jobs is None else self.jobs
        if jobs < 1:
            raise ClusterError(f"jobs is {jobs!r}; expected a whole number from 1")
        with TemporaryDirectory(prefix="wordgraft-") as scratch:
            queue = ProcessQueue(methods, data, jobs, Path(scratch))
            try:
                yield queue
            finally:
                queue.stop()


@dataclass(frozen=True)
class _Attempt:
    request: RunRequest
    pool: Any
    number: int


class ProcessQueue:
    """`slots` processes, which read data and methods from a temporary folder.

    Each is a pool of its own, so that a process that dies ends no run but its own.
    """

    def __init__(self, methods: MadeMethods, data: Data, slots: int, scratch: Path) -> None:
        self.slots = slots
        self._methods, self._data, self._scratch = methods, data, scratch
        self._pools: list[Any] = []
        self._idle: list[Any] = []
        self._running: dict[Future[MethodRun], _Attempt] = {}
        self._stopped = False
        self._write(_DATA, data)

    def submit(self, cell: Cell, trials: int) -> None:
        if not (self._scratch / f"{cell.method}.pickle").is_file():
            self._write(cell.method, self._methods.get(cell.method))
        request = RunRequest(cell, trials, self._methods.preparation(cell.method))
        self._begin(request)

    def result(self, seconds: float | None) -> MethodRun:
        while not self._stopped:
            ended, _ = wait(self._running, seconds, FIRST_COMPLETED)
            if not ended:
                self.stop()
                break
            future = ended.pop()
            attempt = self._running.pop(future)
            error = future.exception()
            if error is None:
                self._idle.append(attempt.pool)
                return future.result()
            self._end(attempt.pool)
            if attempt.number == _ATTEMPTS:
                cause = f"its process ended ({type(error).__name__}), usually for lack of memory"
                return unfinished(self._data, attempt.request, "failed", cause)
            self._begin(attempt.request, attempt.number + 1)
        _, attempt = self._running.popitem()
        return unfinished(self._data, attempt.request, "cancelled", "the budget ended")

    def stop(self) -> None:
        """End all processes at once."""
        self._stopped = True
        for pool in [*self._pools]:
            self._end(pool)

    def _begin(self, request: RunRequest, number: int = 1) -> None:
        while True:
            pool = self._idle.pop() if self._idle else self._started_pool()
            try:
                future = pool.submit(_attempted, str(self._scratch), request)
            except BrokenExecutor:  # its process died while it was idle
                self._end(pool)
                continue
            self._running[future] = _Attempt(request, pool, number)
            return

    def _end(self, pool: Any) -> None:
        pool.shutdown(kill_workers=True)
        self._pools.remove(pool)

    def _started_pool(self) -> Any:
        # Unlike the standard library's pool, loky's does not run the caller's script again.
        loky = require("loky", purpose="runs side by side")
        threads = max(1, usable_cpus() // self.slots)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        pool = loky.ProcessPoolExecutor(
            1,
            context=loky.backend.get_context("loky"),
            initializer=_set_up,
            initargs=(threads,),
            env={
                **dict.fromkeys(names, str(threads)),
                "OMP_WAIT_POLICY": "PASSIVE",  # a waiting thread leaves its CPU to other runs
                "TOKENIZERS_PARALLELISM": "false",
                # A process that grows by a table does not leak memory; loky would restart it.
                "LOKY_MAX_MEMORY_LEAK_SIZE": "1e15",
            },
        )
        self._pools.append(pool)
        return pool

    def _write(self, name: str, content: Any) -> None:
        (self._scratch / f"{name}.pickle").write_bytes(pickle.dumps(content))


def _set_up(threads: int) -> None:
    """In each process, before its first run."""
    import torch

    # Ctrl-C is for the process that waits for these, which ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    # The notes of one run among many are not for people.
    logging.getLogger("wordgraft").setLevel(logging.ERROR)


def _attempted(scratch: str, request: RunRequest) -> MethodRun:
    return attempted(_method(scratch, request.cell.method), _data(scratch), request)


@cache
def _data(scratch: str) -> Data:
    return _read(scratch, _DATA)  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def _method(scratch: str, name: str) -> Any:
    return _read(scratch, name)


def _read(scratch: str, name: str) -> Any:
    # Written by the process that started this one, in its own temporary folder.
    return pickle.loads((Path(scratch) / f"{name}.pickle").read_bytes())


def _memory() -> int:
    """Bytes of this machine's memory; plenty if the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 10**12
