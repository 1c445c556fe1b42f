"""`Comparison`: what was compared, and the runs that were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.records import MethodRun


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparison and its runs so far.

    Attributes:
        data: the texts and labels.
        description: what is compared, as in `comparison.json`.
        runs: the finished runs by method, size and seed.
        unfinished: runs that failed or were cancelled.
        notes: what a reader should know before the figures.
        interrupted: whether Ctrl-C ended the comparison.
    """

    data: Data
    description: Mapping[str, Any]
    runs: tuple[MethodRun, ...]
    unfinished: tuple[MethodRun, ...]
    notes: tuple[str, ...]
    interrupted: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that have a finished run, in the order in which they were given."""
        finished = {run.method for run in self.runs}
        return tuple(name for name in self.description["methods"] if name in finished)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that have a finished run."""
        return tuple(sorted({run.size for run in self.runs}))

    @property
    def missing(self) -> int:
        """How many planned runs are not finished."""
        planned = (
            len(self.description["methods"])
            * len(self.description["sizes"])
            * len(self.description["seeds"])
        )
        return planned - len(self.runs)

    @property
    def preparation_seconds(self) -> dict[str, float]:
        """Seconds that the table of each method took, for methods with a table."""
        return {run.method: run.preparation_seconds for run in self.runs if run.preparation_seconds}
