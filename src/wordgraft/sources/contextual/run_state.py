"""Progress kept on disk, so that a pass that was stopped at any moment can go on.

On a CPU it ends with the same bytes as one that was never stopped.

news.table.progress/
  sample.safetensors      while reading: counts, pairs, sentences, and how far the corpus was read
  chosen.safetensors      what is to be encoded, from the moment it is known
  templates.safetensors   vectors of the words in their template
  sums.safetensors        while encoding: the sums, and how many sentences went into them

Each file is written beside its place and renamed, so it is there whole or not at all, and each
names the run it belongs to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import new_file, write_tensors
from wordgraft.errors import CheckpointError, ProgressError

if TYPE_CHECKING:
    from numpy import ndarray

# Saving takes at most a twentieth of the time, however large the sums are.
_SHARE_OF_TIME = 0.05
_NAMES = ("sample", "chosen", "templates", "sums")
_RUN, _STATE = "run", "state"
# Of the arrays; a wordgraft that keeps others does not go on from these.
_FORMAT = {"format of the progress": 2}
_HOW = "go on with what it was begun with, or start over with --no-resume (resume=False)"


@dataclass
class KeptProgress:
    """A folder of what a run has done so far; without a folder, nothing is kept.

    Args:
        folder: where to keep it, or None.
        run: what makes the run what it is; progress of any other run is refused.
        resume: go on from what the folder holds; otherwise it is cleared.
        every: seconds between two savings, at least.
    """

    folder: Path | None
    run: Mapping[str, Any]
    resume: bool = True
    every: float = 30.0
    _next: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.run = json.loads(json.dumps({**_FORMAT, **self.run}))
        self._next = time.monotonic() + self.every
        if self.folder is None or not self.folder.is_dir():
            return
        for name in _NAMES:  # of a saving that was cut off
            for stray in self.folder.glob(f".{name}.safetensors.*"):
                stray.unlink()
        if not self.resume:
            self.clear()

    def load(self, name: str) -> tuple[dict[str, ndarray], dict[str, Any]] | None:
        """The arrays and the state saved as `name`, or None when there are none.

        Raises `ProgressError` when they are of another run, naming what differs, or damaged.
        """
        path = self._path(name)
        if path is None or not path.is_file():
            return None
        try:
            arrays = dict(Tensors([path]))
            run = json.loads(arrays.pop(_RUN).tobytes())
            state = json.loads(arrays.pop(_STATE).tobytes())
        except (CheckpointError, KeyError, ValueError) as error:
            raise ProgressError(
                f"{path} is damaged ({error}); start over with --no-resume (resume=False)"
            ) from error
        differing = [key for key in {**run, **self.run} if run.get(key) != self.run.get(key)]
        if differing:
            key = differing[0]
            more = f" (and {', '.join(differing[1:])} differ)" if differing[1:] else ""
            raise ProgressError(
                f"{path.parent} holds the progress of another run: its {key} is "
                f"{run.get(key)!r:.80}, this run's is {self.run.get(key)!r:.80}{more}; {_HOW}"
            )
        return arrays, state

    def save(self, name: str, arrays: Mapping[str, ndarray], state: Mapping[str, Any]) -> None:
        """Keep `arrays` and `state` as `name`, in place of what was kept there before."""
        if self.folder is None:
            return
        # Not before there is something to keep: a run that fails at once leaves nothing.
        self.folder.mkdir(exist_ok=True)
        notes = {_RUN: self.run, _STATE: state}
        content = {key: _bytes(json.dumps(note)) for key, note in notes.items()}
        with new_file(self.folder / f"{name}.safetensors", force=True) as scratch:
            write_tensors(scratch, {**arrays, **content})

    def save_if_due(
        self, name: str, content: Callable[[], tuple[Mapping[str, ndarray], Mapping[str, Any]]]
    ) -> None:
        """`save`, if the last saving is long enough ago; `content` is called only then."""
        began = time.monotonic()
        if self.folder is None or began < self._next:
            return
        self.save(name, *content())
        ended = time.monotonic()
        self._next = ended + max(self.every, (ended - began) / _SHARE_OF_TIME)

    def drop(self, name: str) -> None:
        """Forget what was kept as `name`."""
        if path := self._path(name):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything; the folder stays."""
        for name in _NAMES:
            self.drop(name)

    def _path(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}.safetensors"


def discard(folder: Path) -> None:
    """Delete the progress in a folder, and the folder too unless it holds something else."""
    if not folder.is_dir():
        return
    KeptProgress(folder, {}).clear()
    if not any(folder.iterdir()):
        folder.rmdir()


def packed(texts: list[str]) -> ndarray:
    """Texts without line ends as bytes in an array."""
    return _bytes("\n".join(texts))


def unpacked(array: ndarray) -> list[str]:
    """The reverse of `packed`."""
    text = array.tobytes().decode("utf-8")
    return text.split("\n") if text else []


def _bytes(text: str) -> ndarray:
    return np.frombuffer(text.encode("utf-8"), np.uint8)
