"""Compressed files: which suffixes are recognized, and one function that opens any of them."""

from __future__ import annotations

import io
from lzma import LZMAError
from lzma import open as open_xz
from pathlib import Path
from typing import IO
from zlib import error as ZlibError  # noqa: N812

# pyarrow's name for each suffix; None for the one it cannot read.
_PYARROW_NAMES = {".gz": "gzip", ".bz2": "bz2", ".xz": None, ".zst": "zstd"}
COMPRESSIONS = tuple(_PYARROW_NAMES)
# What reading a damaged file raises, depending on the compression.
DAMAGED = (OSError, EOFError, LZMAError, ZlibError)
_BUFFER_BYTES = 1 << 20


def is_compressed(path: str | Path) -> bool:
    """Whether the file's name ends in one of `COMPRESSIONS`."""
    return Path(path).suffix.lower() in COMPRESSIONS


def content_suffix(path: str | Path) -> str:
    """The suffix of the file inside, in lower case: `.csv` for `train.csv` and `train.csv.gz`."""
    path = Path(path)
    return Path(path.stem if is_compressed(path) else path).suffix.lower()


def open_bytes(path: str | Path) -> IO[bytes]:
    """Open a file for reading; `.gz`, `.bz2`, `.xz` and `.zst` are decompressed.

    Raises `OSError` if the file cannot be opened. Reading a damaged file raises one of `DAMAGED`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in COMPRESSIONS:
        return Path(path).open("rb")
    if (name := _PYARROW_NAMES[suffix]) is None:
        return open_xz(path, "rb")
    import pyarrow as pa

    # Reads lines ten times as fast as Python's gzip module.
    return io.BufferedReader(pa.input_stream(str(path), compression=name), _BUFFER_BYTES)
