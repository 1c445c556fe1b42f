"""A Ray to run on: connecting to it, keeping it quiet, and what it raises in our own words."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from wordgraft.errors import ClusterError, WordgraftError, first_line

_SECONDS_TO_ANSWER = 5.0
# A Ray is a gRPC server, and answers a greeting with its settings: RFC 9113, sections 3.4 and 6.5.
# Where something else listens, ray.init would hang for minutes, then end the whole process.
_HTTP2_SETTINGS = b"\x04"
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0" + _HTTP2_SETTINGS + b"\0\0\0\0\0"


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """A Ray to run on: at `address`; or the one this process is connected to; or a new one here.

    What was started or connected to is left at the end. Raises `ClusterError` when nobody answers.
    """
    if ray.is_initialized():
        if address is not None:
            raise ClusterError(
                f"address {address}: this process is connected to a Ray already; leave the address "
                "out to use that one, or call ray.shutdown() first"
            )
        with _quiet():
            yield
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _check_answers(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options["include_dashboard"] = False
    # Ray's core warns of what Ray Data does; and with its level set, says that it is set.
    quiet = _environment(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal")
    try:
        try:
            with _interrupted_later(), quiet, _no_standard_error():
                ray.init(address=address, **options)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise ClusterError(
                f"no Ray at {address} could be used ({first_line(error)})"
            ) from error
        with _quiet():
            yield
    finally:
        ray.shutdown()


@contextmanager
def explained() -> Iterator[None]:
    """Raise what a worker raised on purpose as if it had been raised here."""
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
            f"Ray gave up ({type(error).__name__}: {last_line}); what was done is kept, if a "
            "folder for it was given"
        ) from error


def _check_answers(address: str) -> None:
    """Raise `ClusterError` within seconds when nobody listens; Ray itself would try for long."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"address {address} is that of a Ray client, which Ray Data does not run on; run the "
            "command on a machine of the cluster with --address auto, or through 'ray job submit'"
        )
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER) as connection:
            if not os.environ.get("RAY_USE_TLS"):
                connection.sendall(_HTTP2_GREETING)
                if connection.recv(4)[3:] != _HTTP2_SETTINGS:
                    raise ConnectionError("something else does")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Ray answers at {address} ({first_line(error)}); expected HOST:PORT of a "
            "cluster's head, as 'ray start --head' prints it, or auto on one of its machines"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Ray Data's notes off standard error; its own log files have them."""
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends: Ray can crash when it comes while it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Variables that Ray reads when it starts, and only then."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update({name: value for name, value in values.items() if before[name] is None})
    try:
        yield
    finally:
        for name in values:
            if before[name] is None:
                del os.environ[name]


@contextmanager
def _no_standard_error() -> Iterator[None]:
    """Turn away what is written to standard error, also from outside Python."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
