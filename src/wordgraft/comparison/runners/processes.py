"""Runs side by side in processes of this machine, each with its share of the threads."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.measured_run import Run, unfinished
from wordgraft.comparison.methods import MadeArms
from wordgraft.comparison.records import ArmRun, Cell
from wordgraft.comparison.runners.engine import attempted
from wordgraft.core.optional import require
from wordgraft.core.parallel import usable_cpus

# What a process holds as a rule: PyTorch, the texts, a table and a network in training.
_GIGABYTES = 2
_DATA = "data"
# A process that died takes those beside it along; each run is begun once more.
_TRIES = 2


def fitting_jobs() -> int:
    """Runs that this machine makes side by side: one a CPU, as memory allows; one on a GPU."""
    torch = require("torch", purpose="wordgraft compare")
    if torch.cuda.is_available():
        return 1
    return max(1, min(usable_cpus(), _memory() // (_GIGABYTES * 10**9)))


class Processes:
    """An engine of `slots` processes."""

    def __init__(self, arms: MadeArms, data: Data, slots: int, scratch: Path) -> None:
        self.slots = slots
        self._arms, self._data, self._scratch = arms, data, scratch
        self._pool: Any = None
        self._running: dict[Future[ArmRun], tuple[Run, int]] = {}
        self._over = False
        self._write(_DATA, data)

    def submit(self, cell: Cell, trials: int) -> None:
        if not (self._scratch / f"{cell.arm}.pickle").is_file():
            self._write(cell.arm, self._arms.get(cell.arm))
        self._begin(Run(cell, trials, self._arms.preparation(cell.arm)))

    def result(self, seconds: float | None) -> ArmRun:
        while True:
            ended, _ = wait(self._running, seconds, FIRST_COMPLETED)
            if not ended:
                self.stop()
                run, _ = self._running.pop(next(iter(self._running)))
                return unfinished(self._data, run, "cancelled", "the budget ended")
            future = next(iter(ended))
            run, tries = self._running.pop(future)
            error = future.exception()
            if error is None:
                return future.result()
            self._pool = None
            if tries == _TRIES:
                cause = f"its process ended ({type(error).__name__}), for want of memory as a rule"
                return unfinished(self._data, run, "failed", cause)
            self._begin(run, tries + 1)

    def stop(self) -> None:
        """End all processes at once."""
        if self._pool is not None:
            self._pool.shutdown(kill_workers=True)
            self._pool = None

    def _begin(self, run: Run, tries: int = 1) -> None:
        if self._pool is None:
            self._pool = self._started()
        future = self._pool.submit(_attempted, str(self._scratch), run)
        self._running[future] = run, tries

    def _started(self) -> Any:
        # Unlike the standard library's, it does not run the caller's own script again.
        loky = require("loky", purpose="runs side by side")
        threads = max(1, usable_cpus() // self.slots)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        return loky.ProcessPoolExecutor(
            self.slots,
            context=loky.backend.get_context("loky"),
            initializer=_begun,
            initargs=(threads,),
            env={
                **dict.fromkeys(names, str(threads)),
                "OMP_WAIT_POLICY": "PASSIVE",  # a thread that waits leaves its CPU to other runs
                "TOKENIZERS_PARALLELISM": "false",
                # That a process grows by a table is no leak, for which loky would start another.
                "LOKY_MAX_MEMORY_LEAK_SIZE": "1e15",
            },
        )

    def _write(self, name: str, content: Any) -> None:
        (self._scratch / f"{name}.pickle").write_bytes(pickle.dumps(content))


@contextmanager
def processes(arms: MadeArms, data: Data, slots: int) -> Iterator[Processes]:
    """An engine of so many processes, which end with the block."""
    with TemporaryDirectory(prefix="wordgraft-") as scratch:
        engine = Processes(arms, data, slots, Path(scratch))
        try:
            yield engine
        finally:
            engine.stop()


def _begun(threads: int) -> None:
    """In each process, before its first run."""
    import logging

    import torch

    # Ctrl-C is for the process that waits for them, which ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    # Progress of one run among many, and what is said of it, is not for people.
    logging.getLogger("wordgraft").setLevel(logging.ERROR)


def _attempted(scratch: str, run: Run) -> ArmRun:
    return attempted(_arm(scratch, run.cell.arm), _data(scratch), run)


@cache
def _data(scratch: str) -> Data:
    return _read(scratch, _DATA)  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def _arm(scratch: str, name: str) -> Any:
    return _read(scratch, name)


def _read(scratch: str, name: str) -> Any:
    # Written by the process that started this one, in a folder of its own.
    return pickle.loads((Path(scratch) / f"{name}.pickle").read_bytes())


def _memory() -> int:
    """Bytes of this machine's memory; plenty where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 10**12
