"""The permissions of files: what a command writes is as readable as the user's umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Set this process's umask for the block."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The permissions of everything in a folder, in octal digits, by name."""
    return {
        path.relative_to(folder).as_posix(): f"{stat.S_IMODE(path.stat().st_mode):o}"
        for path in sorted(folder.rglob("*"))
    }


def wrong_modes(folder: Path, mask: int) -> dict[str, str]:
    """What in a folder has other permissions than this umask gives a new file or folder."""
    usual = {True: f"{0o777 & ~mask:o}", False: f"{0o666 & ~mask:o}"}
    found = modes(folder)
    assert found, f"{folder} is empty"
    return {name: mode for name, mode in found.items() if mode != usual[(folder / name).is_dir()]}
