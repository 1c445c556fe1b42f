"""Rows of files of every kind, and files that are not what they claim to be."""

from __future__ import annotations

import bz2
import gzip
import json
import logging
import lzma
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from wordgraft.data.rows import ReadingReport, read_rows, read_texts
from wordgraft.data.text_files import read_words
from wordgraft.errors import DataError, MissingExtraError

# datasets leaves it to the garbage collector to close the CSV files it reads.
pytestmark = pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")

ROWS = [('a warm, "bright" sun\nshines', "good"), ("007 cold", "NA"), ("None", "1e3")]
CSV = 'text,label\n"a warm, ""bright"" sun\nshines",good\n007 cold,NA\nNone,1e3\n'
JSONL = "".join(json.dumps({"label": label, "text": text}) + "\n" for text, label in ROWS)


def _parquet(path: Path, **columns: list) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def _broken(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes(255 - byte for byte in packed[middle : middle + 40])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("BOM.CSV", b"\xef\xbb\xbf" + CSV.encode()),
        ("a[1] b.csv", CSV.encode()),
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("a.csv.bz2", bz2.compress(CSV.encode())),
        ("a.csv.xz", lzma.compress(CSV.encode())),
        ("a.tsv", CSV.replace("warm,", "warm@").replace(",", "\t").replace("@", ",").encode()),
        ("a.jsonl", JSONL.encode()),
        ("a.jsonl.gz", gzip.compress(JSONL.encode())),
        ("a.json", json.dumps([json.loads(line) for line in JSONL.splitlines()]).encode()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_come_just_as_they_stand(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert list(read_rows(tmp_path / name, ["text", "label"])) == ROWS
    assert list(read_texts(tmp_path / name, "label")) == ["good", "NA", "1e3"]


def test_parquet(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "a.parquet", text=["one", b"caf\xc3\xa9".decode()], label=[7, -1])
    assert list(read_rows(path, ["text", "label"])) == [("one", "7"), ("café", "-1")]
    raw = _parquet(tmp_path / "raw.parquet", text=["café".encode(), b"two"])
    assert list(read_texts(raw)) == ["café", "two"]


def test_a_text_file_has_a_text_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\tx\r\ntwo\u2028three\x0cfour\n\nfive".encode())
    report = ReadingReport()
    rows = read_rows(path, ["text"], report=report)
    assert list(rows) == [("one\tx",), ("two\u2028three\x0cfour",), ("five",)]
    assert (report.rows, report.missing) == (4, 1)


def test_a_pattern_reads_its_files_in_order(tmp_path: Path) -> None:
    for name, word in (("p-2", "second"), ("p-1", "first"), ("p-3", "")):
        (tmp_path / f"{name}.csv").write_text(f"text\n{word}\n" if word else "")
    assert list(read_texts(tmp_path / "p-*.csv")) == ["first", "second"]


def test_zstd_is_read_or_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zst"
    if find_spec("zstandard") is None:
        path.write_bytes(b"\x28\xb5\x2f\xfd")
        with pytest.raises(MissingExtraError, match=r"needs zstandard.*'wordgraft\[zstd\]'"):
            list(read_texts(path))
        return
    import zstandard

    path.write_bytes(zstandard.compress(CSV.encode()))
    assert list(read_rows(path, ["text", "label"])) == ROWS
    path.write_bytes(CSV.encode())
    with pytest.raises(DataError, match="cannot be read"):
        list(read_texts(path))


def test_missing_values_are_counted_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _parquet(tmp_path / "a.parquet", text=["a", None, " ", "b"], label=[1, 2, 3, None])
    report = ReadingReport()
    with caplog.at_level(logging.WARNING):
        assert list(read_rows(path, ["text", "label"], report=report)) == [("a", "1")]
    assert (report.rows, report.missing) == (4, 3)
    assert "3 of 4 rows lack a value in text or label and were left out" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty; expected at least one row"),
        ("a.csv", b"text,label\n", "is empty; expected at least one row"),
        ("a.jsonl", b"", "is empty; expected at least one row"),
        ("a.jsonl.gz", gzip.compress(b""), "is empty; expected at least one row"),
        ("a.txt", b"", "is empty; expected at least one row"),
        ("a.txt.gz", gzip.compress(b""), "is empty; expected at least one row"),
        ("a.parquet", b"", "is empty; expected at least one row"),
        ("a.csv", b"text,label\n ,x\n,y\n", r"no rows with a value in text; .*\(rows: 2\)"),
        ("a.csv", b"word\nx\n", "has no column 'text'; its columns are word"),
        ("a.jsonl", b'{"word": "x"}\n', "has no column 'text'; its columns are word"),
        ("a.json", b'{"data": [{"text": "x"}]}', "has no column 'text'; its columns are data"),
        ("a.json", b'{"text": ["x", "y"]}', r"row 1 holds a list, expected a string: \['x', 'y'\]"),
        ("a.jsonl", b'{"text": {"a": 1}}\n', "row 1 holds a dict, expected a string"),
        ("a.json", b"3", "cannot be read"),
        ("a.jsonl", b'{"text": "x"}\n{"text": "y', "cannot be read"),
        ("a.csv", b"text,label\na,b\nc,d,e\n", "cannot be read .*Expected 2 fields in line 3"),
        ("a.csv", b'text,label\n"a,b\n', "cannot be read .*EOF inside string"),
        ("a.csv", b"text\ncaf\xe9\n", r"is not UTF-8 \(byte 0xe9: .*iconv -f latin1"),
        ("a.csv", "text\nx\n".encode("utf-16"), r"is not UTF-8 \(byte 0xff: .*iconv -f utf-16"),
        ("a.txt", b"caf\xe9\n", r"is not UTF-8 \(byte 0xe9"),
        ("a.parquet", b"no parquet at all", "cannot be read"),
        ("a.csv.gz", CSV.encode(), "cannot be read .*Not a gzipped file"),
        ("a.csv.gz", gzip.compress(CSV.encode())[:-20], "cannot be read .*ended before"),
        ("a.csv.bz2", bz2.compress(CSV.encode())[:-20], "cannot be read .*ended before"),
        ("a.csv.xz", lzma.compress(CSV.encode())[:-20], "cannot be read .*ended before"),
        ("a.csv.gz", _broken(gzip.compress(CSV.encode())), "cannot be read"),
        ("a.csv.bz2", _broken(bz2.compress(CSV.encode())), "cannot be read"),
        ("a.csv.xz", _broken(lzma.compress(CSV.encode() * 99)), "cannot be read"),
        ("a.doc", b"x", "unknown kind of file '.doc'; expected one of .csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_texts(tmp_path / name))


def test_a_parquet_file_of_no_rows_or_of_other_bytes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty; expected at least one row"):
        list(read_texts(_parquet(tmp_path / "a.parquet", text=pa.array([], pa.string()))))
    with pytest.raises(DataError, match="row 2 holds bytes that are not UTF-8"):
        list(read_texts(_parquet(tmp_path / "b.parquet", text=[b"x", b"caf\xe9"])))


@pytest.mark.parametrize("read", [lambda path: list(read_texts(path)), read_words])
def test_places_that_hold_no_file(tmp_path: Path, read: Callable[[Path], list[str]]) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"folder\.csv is a folder; expected a file"):
        read(tmp_path / "folder.csv")
    with pytest.raises(DataError, match=r"there is no file .*none-\*\.csv"):
        read(tmp_path / "none-*.csv")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "txt"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    """The second half of 100 MB, several of the readers' blocks, needs no more than the first."""
    line = {"csv": "{}\n", "txt": "{}\n", "jsonl": '{{"text": "{}"}}\n'}[kind]
    texts = (f"{row:07} " + "warm sun and cold rain " * 43 for row in range(100_000))
    path = tmp_path / f"a.{kind}"
    path.write_text(("text\n" if kind == "csv" else "") + "".join(map(line.format, texts)))
    code = (
        "import psutil, sys; from wordgraft.data.rows import read_texts\n"
        "rss, peaks = psutil.Process().memory_info, [0, 0]\n"
        "for row, _ in enumerate(read_texts(sys.argv[1])):\n"
        "    half = row // 50_000\n"
        "    if row % 500 == 0: peaks[half] = max(peaks[half], rss().rss)\n"
        "print(row, *peaks)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    last, first_half, second_half = map(int, done.stdout.split())
    assert last == 99_999
    assert second_half - first_half < 25e6
