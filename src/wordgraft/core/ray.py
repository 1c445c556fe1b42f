"""Ray, for every package that can run on a cluster: connecting, resources, errors, retries."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wordgraft.core.optional import require
from wordgraft.errors import ClusterError, WordgraftError, first_line

if TYPE_CHECKING:
    import ray
else:
    ray = require("ray", purpose="running on a Ray cluster")

_SECONDS_TO_ANSWER = 5.0
# Ray's head is a gRPC server, and answers a greeting with its settings: RFC 9113, sections 3.4 and
# 6.5. If something else listens at the address, ray.init hangs for minutes and then ends the whole
# process, so the greeting is tried first.
_HTTP2_SETTINGS = b"\x04"
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0" + _HTTP2_SETTINGS + b"\0\0\0\0\0"
# Shares of a CPU. A worker that samples or encodes keeps a CPU busy; what is left over lets a
# helper read or merge beside it, without which the worker would have nothing to do.
_WORKER_CPUS, HELPER_CPUS = 0.8, 0.2
_PARTS_PER_WORKER = 8


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Connect to Ray for the length of the block.

    Args:
        address: `HOST:PORT` of a cluster's head, or `auto` on one of its machines; None takes the
            Ray that this process is connected to, or else that of `RAY_ADDRESS`, or else starts
            one on this machine.

    A connection or a Ray that was started here is shut down at the end. Raises `ClusterError` if
    nothing answers at the address.
    """
    with ExitStack() as stack:
        if not ray.is_initialized():
            stack.callback(ray.shutdown)
            _connect(address or os.environ.get("RAY_ADDRESS") or "local")
        elif address is not None:
            raise ClusterError(
                f"address {address}: this process is already connected to Ray; leave the address "
                "out to use that one, or call ray.shutdown() first"
            )
        stack.enter_context(_quiet_data_log())
        yield


@contextmanager
def errors_translated() -> Iterator[None]:
    """Raise wordgraft's own errors from a worker as if they had been raised here.

    Everything else that Ray raises becomes a `ClusterError`.
    """
    try:
        yield
    except ray.exceptions.RayError as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, WordgraftError) and not isinstance(cause, ray.exceptions.RayError):
                raise cause from error
            cause = getattr(cause, "cause", None) or cause.__cause__
        last_line = str(error).rstrip().rpartition("\n")[2].strip()
        raise ClusterError(
            f"Ray gave up ({type(error).__name__}: {last_line}); finished steps were saved if a "
            "progress folder was given"
        ) from error


@dataclass(frozen=True)
class Workers:
    """The workers that fit on a cluster.

    Attributes:
        count: how many workers.
        gpus: GPUs per worker, 0 or 1.
        device: where each worker computes, as torch names it.
    """

    count: int
    gpus: int
    device: str

    @classmethod
    def of(cls, device: str) -> Workers:
        """One per GPU if `device` allows it and there are any, else one per CPU.

        Raises `ClusterError` if the cluster lacks what `device` needs.
        """
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
        if device.startswith("cuda") and not gpus:
            raise ClusterError(f"the device is {device}, but no machine in the cluster has a GPU")
        if gpus and (device == "auto" or device.startswith("cuda")):
            return cls(gpus, 1, "cuda")
        if not cpus:
            raise ClusterError("the cluster has no CPU to work with; start a Ray worker node")
        return cls(cpus, 0, "cpu" if device == "auto" else device)

    @property
    def parts(self) -> int:
        """How many parts to split the work into: several per worker, so that all end together."""
        return _PARTS_PER_WORKER * self.count

    @property
    def resources(self) -> dict[str, Any]:
        """What Ray reserves for one worker."""
        return {"num_cpus": _WORKER_CPUS, "num_gpus": self.gpus}


class RetryLimit:
    """Ends a step whose work repeatedly kills its worker.

    Ray Data retries forever, and has no limit that holds for both tasks and actors: a share that is
    too large for a machine would be restarted endlessly. One counter, in its own actor, serves
    all workers of a step.

    Args:
        deaths: how many times in a row a worker may die from the same work.
    """

    def __init__(self, deaths: int = 4) -> None:
        counter: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Attempts)
        self._deaths, self._counter = deaths, counter.remote()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run a worker's work in this block. Raises `ClusterError` after too many deaths."""
        context = ray.get_runtime_context()
        # An actor keeps its id when it is restarted, a task when it is retried.
        worker = context.get_actor_id() or context.get_task_id()
        if ray.get(self._counter.add.remote(worker)) > self._deaths:
            raise ClusterError(
                f"a worker has died {self._deaths} times in a row; Ray's logs name the cause, "
                "often too little memory: start Ray with fewer CPUs, so that fewer workers share "
                "it; finished steps were saved if a progress folder was given"
            )
        yield
        self._counter.clear.remote(worker)


class _Attempts:
    """How often each worker has started since it last finished."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def add(self, worker: str) -> int:
        self._counts[worker] += 1
        return self._counts[worker]

    def clear(self, worker: str) -> None:
        del self._counts[worker]


def on_helper(function: Callable[..., Any]) -> Any:
    """A function as a Ray task that runs beside a busy worker: call its `remote`."""
    return ray.remote(num_cpus=HELPER_CPUS)(function)


def _connect(address: str) -> None:
    check_answers(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options["include_dashboard"] = False
    # Ray's core warns about what Ray Data does and, if its log level is set, reports that too.
    quiet = _environment(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal")
    try:
        with _interrupt_delayed(), quiet, _standard_error_dropped():
            ray.init(address=address, **options)
    except Exception as error:  # Ray raises a plain one if its start takes too long
        raise ClusterError(f"cannot connect to Ray at {address} ({first_line(error)})") from error


def check_answers(address: str) -> None:
    """Raise `ClusterError` within seconds if no Ray listens; Ray itself would try for minutes."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"address {address} is that of a Ray client, which Ray Data does not support; run on "
            "a machine of the cluster with address='auto', or through 'ray job submit'"
        )
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER) as connection:
            if not os.environ.get("RAY_USE_TLS"):
                connection.sendall(_HTTP2_GREETING)
                if connection.recv(4)[3:] != _HTTP2_SETTINGS:
                    raise ConnectionError("something else answers")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Ray answers at {address} ({first_line(error)}); expected HOST:PORT of a "
            "cluster's head, as 'ray start --head' prints it, or auto on one of its machines"
        ) from error


@contextmanager
def _quiet_data_log() -> Iterator[None]:
    """Keep Ray Data's messages off standard error; its own log files have them."""
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _interrupt_delayed() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends: Ray can crash if it comes during the start."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if signals:
            raise KeyboardInterrupt


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables that Ray reads when it starts, unless the user has set them."""
    fresh = [name for name in values if name not in os.environ]
    os.environ.update({name: values[name] for name in fresh})
    try:
        yield
    finally:
        for name in fresh:
            del os.environ[name]


@contextmanager
def _standard_error_dropped() -> Iterator[None]:
    """Drop what is written to standard error, also from outside Python."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
