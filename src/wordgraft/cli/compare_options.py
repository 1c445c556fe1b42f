"""What the options of `wordgraft compare` mean in Python; options without effect are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wordgraft.cli.shared import choose

if TYPE_CHECKING:
    from wordgraft.comparison import Runner

# Small, trained for sentences, and the encoder of the figures of the documentation.
CHECKPOINT = "sentence-transformers/all-MiniLM-L6-v2"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def runner_of(engine: str, address: str | None, jobs: int | None) -> Runner:
    """The runner that the options describe; options that would have no effect are refused."""
    from wordgraft.comparison import LocalRunner, ProcessRunner, RayRunner, fitting_jobs

    choose("--engine", engine, ("local", "ray"))
    if engine == "ray":
        if jobs is not None:
            raise typer.BadParameter("--jobs has no effect with --engine ray, which uses all CPUs")
        return RayRunner(address)
    if address is not None:
        raise typer.BadParameter("--address has no effect without --engine ray")
    jobs = jobs or fitting_jobs()
    return LocalRunner() if jobs == 1 else ProcessRunner(jobs)


def checkpoint_of(given: str | None, methods: list[str] | None) -> str | None:
    """The encoder; None if none was given and no named method needs one."""
    from wordgraft.comparison import METHODS

    needed = methods is None or any(
        "checkpoint" in METHODS[name].needs for name in methods if name in METHODS
    )
    # Random rows take their words and width from the file of vectors, if there is one.
    needed = needed or (methods is not None and "random" in methods and "vectors" not in methods)
    return given or (CHECKPOINT if needed else None)


def sizes_of(given: str | None) -> Any:
    """The training sizes that the option names; the default without one.

    >>> sizes_of("100, all")
    ['100', 'all']
    """
    from wordgraft.comparison.compare import SIZES

    if given is None:
        return SIZES
    sizes = [part.strip() for part in given.split(",")]
    if wrong := [size for size in sizes if size != "all" and not size.isdigit()]:
        raise typer.BadParameter(f"{wrong[0]!r} is neither a number of texts nor 'all'")
    return sizes


def seconds_of(given: str | None) -> float | None:
    """The seconds of a time such as 90s, 10m or 2h.

    >>> seconds_of("1.5m")
    90.0
    """
    if given is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", given.strip())
    if match is None or not float(match[1]):
        raise typer.BadParameter(f"{given!r} is not a time limit; write 90s, 10m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def absolute(path: str) -> str:
    """Make a path absolute, since a comparison is resumed from anywhere; leave globs and names."""
    return str(Path(path).resolve()) if Path(path).exists() else path
