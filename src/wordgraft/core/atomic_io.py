"""Atomic output: results are written to a temporary sibling that is then renamed."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import stat
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import OutputError

if TYPE_CHECKING:
    from numpy import ndarray

# Of the permissions of a new folder, those that a new file has too.
_READ_AND_WRITE = 0o666


def check_output(path: Path, *, force: bool, marker: str | None = None) -> None:
    """Raise `OutputError` if an output exists or cannot be written, before any work is done.

    With `force`, a file may be replaced, and a folder only if it contains `marker`, the file which
    shows that wordgraft wrote it: a typo must not delete a home directory.
    """
    if not path.parent.is_dir():
        raise OutputError(
            f"{path.parent} is not a folder; create it first, or choose another location"
        )
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise OutputError(
            f"{path} already exists; choose another name, or replace it with force=True"
        )
    expected = "a file" if marker is None else f"a folder that contains {marker}"
    replaceable = path.is_file() if marker is None else (path / marker).is_file()
    if not replaceable or path.is_symlink():
        raise OutputError(
            f"{path} exists and is not {expected}, so it is not replaced even with force=True; "
            "move it away or choose another name"
        )


@contextmanager
def new_folder(path: Path, *, force: bool, marker: str) -> Iterator[Path]:
    """Yield a temporary sibling folder that becomes `path` when the block succeeds.

    A reader sees either the whole old folder or the whole new one. If the block raises, even on
    Ctrl-C, the sibling is deleted and `path` stays as it was. Its files get the modes that the
    user's umask gives any new file, or those of the files that they replace. Raises `OutputError`
    as `check_output` does, and if the disk is full or not writable.
    """
    check_output(path, force=force, marker=marker)
    with _explained(path):
        scratch = _sibling(path)
        old = scratch.with_name(scratch.name + ".old")
        scratch.mkdir()
        try:
            mode = _mode(scratch)
            if path.exists():  # what was private stays so while it is written
                scratch.chmod(_mode(path) | stat.S_IRWXU)
            yield scratch
            for new in (*scratch.rglob("*"), scratch):
                replaced = path / new.relative_to(scratch)
                usual = mode if new.is_dir() else mode & _READ_AND_WRITE
                new.chmod(_mode(replaced) if replaced.exists() else usual)
            if path.exists():
                path.rename(old)
            scratch.rename(path)
        finally:
            if old.exists() and not path.exists():  # interrupted between the two renames
                old.rename(path)
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[Path]:
    """Yield the path of a temporary sibling file that becomes `path` when the block succeeds.

    It gets the mode that the user's umask gives any new file, or that of the file it replaces.
    """
    check_output(path, force=force)
    with _explained(path):
        scratch = _sibling(path)
        try:
            scratch.touch(exist_ok=False)
            mode = _mode(path if path.exists() else scratch)
            scratch.chmod(mode | stat.S_IWUSR)
            yield scratch
            scratch.chmod(mode)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


def write_tensors(
    path: Path, arrays: Mapping[str, ndarray], header: dict[str, str] | None = None
) -> None:
    """Write arrays as one safetensors file, with texts in its header; raises `OSError`."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        content = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        save_file(content, path, header)
    except SafetensorError as error:
        # Rust reports a full disk in words; add the error number that Python would give.
        code = re.search(r"os error (\d+)", str(error))
        raise OSError(int(code[1]) if code else errno.EIO, str(error), str(path)) from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full; free some space and run again"
        elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            reason = "permission denied; check the permissions or choose another location"
        elif error.errno == errno.EFBIG:
            reason = "the file would exceed the size limit (see ulimit -f)"
        else:
            reason = error.strerror or str(error)
        raise OutputError(f"cannot write {path}: {reason} (nothing was written)") from error


def _sibling(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
