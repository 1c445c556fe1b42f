"""Runners: where the runs of a comparison are made. To add one, write a file and an entry here."""

from __future__ import annotations

from collections.abc import Callable

from wordgraft.comparison.runners.local import LocalRunner
from wordgraft.comparison.runners.processes import ProcessRunner, fitting_jobs
from wordgraft.comparison.runners.protocol import Runner
from wordgraft.comparison.runners.ray import RayRunner
from wordgraft.errors import ClusterError

__all__ = [
    "RUNNERS",
    "LocalRunner",
    "ProcessRunner",
    "RayRunner",
    "Runner",
    "fitting_jobs",
    "runner_of",
]

RUNNERS: dict[str, Callable[[], Runner]] = {
    "local": LocalRunner,
    "processes": ProcessRunner,
    "ray": RayRunner,
}


def runner_of(engine: Runner | str) -> Runner:
    """The runner of an engine's name, with its defaults; a runner is returned as it is.

    Raises `ClusterError` for an unknown name.

    Example:
        >>> runner_of("local")
        LocalRunner()
    """
    if not isinstance(engine, str):
        return engine
    if engine not in RUNNERS:
        raise ClusterError(f"the engine is {engine!r}; expected one of {', '.join(RUNNERS)}")
    return RUNNERS[engine]()
