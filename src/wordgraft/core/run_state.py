"""The progress of long work on disk, so that a run that was stopped at any moment can continue.

    news.table.progress/
      sample.state.safetensors    one file per step: arrays, and in its header plain values,
      sums.state.safetensors      the run that it belongs to, and a checksum

Each file is written to a temporary sibling and renamed, so a reader sees the last state or the one
before it, always whole. Work that keeps its progress in another form (the trials of a search, the
records of a comparison) uses `check_same_run`, `read_record` and `write_record`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wordgraft.core.atomic_io import new_file, write_tensors
from wordgraft.errors import ProgressError

if TYPE_CHECKING:
    from numpy import ndarray

# Saving takes at most a twentieth of the time, however large the arrays are.
_MAX_SHARE_OF_TIME = 0.05
_SUFFIX = ".state.safetensors"
# Part of every run's description; incremented when the layout of the files changes.
_FORMAT = {"format of the progress": 3}
_START_OVER = "resume=False"


class Snapshot(NamedTuple):
    """What one step of a run has saved.

    Attributes:
        arrays: by name.
        values: plain values, as JSON stores them: tuples come back as lists.
    """

    arrays: dict[str, ndarray]
    values: dict[str, Any]


class RunState:
    """The progress of one run in a folder; without a folder, nothing is saved or loaded.

    Args:
        folder: where the progress is saved, or None. It is created by the first `save`.
        run: plain values that describe the run: inputs, settings, hashes. The progress of a run
            with another description is refused.
        resume: continue from what the folder holds; otherwise it is cleared.
        save_every: the fewest seconds between two saves by `save_if_due`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     RunState(Path(folder), {"seed": 0}).save("sums", {"a": np.arange(3)}, {"texts": 7})
    ...     RunState(Path(folder), {"seed": 0}).load("sums").values
    {'texts': 7}
    """

    def __init__(
        self,
        folder: Path | None,
        run: Mapping[str, Any],
        *,
        resume: bool = True,
        save_every: float = 30.0,
    ) -> None:
        self.folder, self.run = folder, _as_json({**_FORMAT, **run})
        self._save_every = save_every
        self._due = time.monotonic() + save_every
        if folder is not None and folder.is_dir():
            _delete_strays(folder)
            if not resume:
                self.clear()

    def load(self, name: str) -> Snapshot | None:
        """The arrays and values saved as `name`, or None if there are none.

        Raises `ProgressError` if they are damaged, or belong to another run; the message then
        names what differs.
        """
        path = self._path(name)
        if path is None or not path.is_file():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "np") as file:
                header = file.metadata() or {}
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            run, values = json.loads(header["run"]), json.loads(header["values"])
            if header["checksum"] != _checksum(arrays):
                raise ValueError("its checksum does not match its content")
        except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
            raise ProgressError(
                f"{path} is damaged ({error}); start over with {_START_OVER}"
            ) from error
        check_same_run(run, self.run, place=path.parent)
        return Snapshot(arrays, values)

    def save(
        self, name: str, arrays: Mapping[str, ndarray], values: Mapping[str, Any] | None = None
    ) -> None:
        """Save `arrays` and `values` as `name`, in place of what was saved there before.

        Raises `OutputError` if they cannot be written; what was saved before is kept.
        """
        if self.folder is None:
            return
        # Created only when there is something to save: a run that fails at once leaves nothing.
        self.folder.mkdir(exist_ok=True)
        header = {
            "run": json.dumps(self.run),
            "values": json.dumps(dict(values or {})),
            "checksum": _checksum(arrays),
        }
        with new_file(self.folder / f"{name}{_SUFFIX}", force=True) as scratch:
            write_tensors(scratch, arrays, header)

    def save_if_due(
        self, name: str, content: Callable[[], tuple[Mapping[str, ndarray], Mapping[str, Any]]]
    ) -> None:
        """`save`, if the last save was long enough ago; `content` is called only then."""
        started = time.monotonic()
        if self.folder is None or started < self._due:
            return
        self.save(name, *content())
        ended = time.monotonic()
        self._due = ended + max(self._save_every, (ended - started) / _MAX_SHARE_OF_TIME)

    def drop(self, name: str) -> None:
        """Delete what was saved as `name`."""
        if path := self._path(name):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete everything that was saved; the folder stays."""
        if self.folder is not None:
            for file in self.folder.glob(f"*{_SUFFIX}"):
                file.unlink()

    def _path(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}{_SUFFIX}"


def discard(folder: Path, *others: str) -> None:
    """Delete the progress in a folder and the files named `others`.

    The folder is deleted too, unless it holds something else.
    """
    if not folder.is_dir():
        return
    _delete_strays(folder)
    RunState(folder, {}).clear()
    for name in others:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def check_same_run(
    saved: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    place: Path,
    keys: Collection[str] | None = None,
    start_over: str = _START_OVER,
) -> None:
    """Raise `ProgressError` if the progress at `place` belongs to a different run.

    Args:
        saved: the description of the run that was saved.
        current: that of this run; both as JSON stores them.
        keys: which of their entries must be equal; all by default.
        start_over: the argument that starts over, for the message.
    """
    current = _as_json(current)
    different = [
        key
        for key in ({**saved, **current} if keys is None else keys)
        if saved.get(key) != current.get(key)
    ]
    if not different:
        return
    first, *others = different
    also = f" (also different: {', '.join(others)})" if others else ""
    raise ProgressError(
        f"{place} holds the progress of another run: its {first} is {saved.get(first)!r:.80}, this "
        f"run's is {current.get(first)!r:.80}{also}; continue with the settings it was started "
        f"with, or start over with {start_over}"
    )


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all; NumPy's numbers become plain ones."""
    with new_file(path, force=True) as scratch:
        text = json.dumps(content, default=lambda number: number.item())
        scratch.write_text(text + "\n", "utf-8")


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises `ProgressError` if it is damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ProgressError(f"{path} is damaged ({error}); delete it and resume") from error
    if not isinstance(content, dict):
        raise ProgressError(f"{path} is damaged (not a JSON object); delete it and resume")
    return content


def pack_texts(texts: list[str]) -> ndarray:
    """Texts without line breaks as bytes in an array.

    >>> unpack_texts(pack_texts(["tea", "café"]))
    ['tea', 'café']
    """
    return np.frombuffer("\n".join(texts).encode("utf-8"), np.uint8)


def unpack_texts(packed: ndarray) -> list[str]:
    """The inverse of `pack_texts`."""
    text = packed.tobytes().decode("utf-8")
    return text.split("\n") if text else []


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they come back from JSON, such as lists for tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def _checksum(arrays: Mapping[str, ndarray]) -> str:
    from xxhash import xxh3_64

    digest = xxh3_64()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _delete_strays(folder: Path) -> None:
    """Delete the temporary files of an interrupted save."""
    for stray in folder.glob(f".*{_SUFFIX}.*"):
        stray.unlink()
