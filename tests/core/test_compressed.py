"""One function opens plain and compressed files alike."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from wordgraft.core.compressed import DAMAGED, content_suffix, is_compressed, open_bytes

TEXT = b"first line\nsecond line\n" * 5000


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue().to_pybytes())


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": _zstd,
}


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_lines_and_reads_give_the_original_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix.upper()}"
    path.write_bytes(COMPRESS.get(suffix, bytes)(TEXT))
    with open_bytes(path) as file:
        assert file.readline() == b"first line\n"
        assert file.read(6) == b"second"
        assert sum(1 for _ in file) == 9999
    with open_bytes(str(path)) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("suffix", COMPRESS)
def test_parts_compressed_one_after_the_other(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(COMPRESS[suffix](b"one\n") + COMPRESS[suffix](b"two\n"))
    with open_bytes(path) as file:
        assert file.readlines() == [b"one\n", b"two\n"]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_truncated_file_raises(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(COMPRESS[suffix](TEXT)[:-12])
    with open_bytes(path) as file, pytest.raises(DAMAGED):
        file.read()


def test_suffixes() -> None:
    assert content_suffix("a/b.train.CSV.gz") == ".csv"
    assert content_suffix("b.jsonl") == ".jsonl"
    assert content_suffix("b.gz") == ""
    assert content_suffix("folder.csv/words") == ""
    assert [is_compressed(name) for name in ("a.XZ", "a.gzip", "gz")] == [True, False, False]


def test_a_missing_file_raises(tmp_path: Path) -> None:
    for name in ("a.txt", "a.gz", "a.xz"):
        with pytest.raises(FileNotFoundError):
            open_bytes(tmp_path / name)
