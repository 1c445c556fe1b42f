"""Texts and labels out of files: CSV, TSV, JSONL, Parquet and plain text, compressed or not.

The reading itself is done by `datasets` in streaming mode, so memory does not grow with the file
(with Parquet, which is decoded ahead, it does).
"""

from __future__ import annotations

import glob
import logging
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordgraft.core.optional import require
from wordgraft.errors import DataError

# What `datasets` calls the reader of each kind of file.
_BUILDERS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".txt": "text",
    ".text": "text",
}
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
_OPTIONS: dict[str, dict[str, Any]] = {
    ".tsv": {"sep": "\t"},
    # A byte-order mark is no part of the first word.
    ".txt": {"encoding": "utf-8-sig"},
    ".text": {"encoding": "utf-8-sig"},
    # Otherwise the size of the first row group, which fails where that holds no rows.
    ".parquet": {"batch_size": 1_000},
}
TEXT_COLUMN = "text"
DATASET_PREFIX = "dataset:"
# Characters of a reader's own message that are repeated.
_LONGEST_CAUSE = 200
_ROWS_CHECKED = 10_000


@dataclass
class ReadingReport:
    """What became of the rows of a file; filled in while it is read."""

    rows: int = 0
    missing: int = 0


def split_column(spec: str) -> tuple[str, str]:
    """`train.csv:text` as path and column; the column is `text` where none is named."""
    path, colon, column = spec.rpartition(":")
    if not colon or Path(spec).exists():
        return spec, TEXT_COLUMN
    return path, column


def read_texts(path: str | Path, column: str = TEXT_COLUMN) -> Iterator[str]:
    """Stream one text a row; rows without one are left out, counted and logged."""
    for (text,) in read_rows(path, [column]):
        yield text


def read_rows(
    path: str | Path, columns: Sequence[str], *, report: ReadingReport | None = None
) -> Iterator[tuple[str, ...]]:
    """Stream the named columns of a file (or glob of files) as strings.

    A row in which one of them is missing or empty is left out, counted in `report` and logged as a
    warning at the end. Raises `DataError` when the file is missing, empty, damaged or not UTF-8,
    when a column does not exist, and when no row is left.
    """
    report = ReadingReport() if report is None else report
    with _explained(str(path)):
        _check_columns(str(path), columns)
        for row in _stream(str(path), columns):
            report.rows += 1
            values = tuple(_text(row[column], f"{path}, row {report.rows:,}") for column in columns)
            if any(not value.strip() for value in values):
                report.missing += 1
            else:
                yield values
    if report.missing == report.rows:
        what = "rows" if not report.rows else "rows with a value in " + " and ".join(columns)
        raise DataError(f"{path} has no {what}; expected at least one (rows: {report.rows:,})")
    if report.missing:
        logging.getLogger(__name__).warning(
            "%s: %s of %s rows lack a value in %s and were left out",
            path,
            f"{report.missing:,}",
            f"{report.rows:,}",
            " or ".join(columns),
        )


def read_column(path: str, column: str = TEXT_COLUMN) -> Iterator[Any]:
    """Stream one column of a file, or of `dataset:NAME[,CONFIG]`, as it is; missing ones are None.

    A dataset is what `datasets.load_dataset` finds by that name: its `train` split is streamed.
    Raises `DataError` as `read_rows` does.
    """
    with _explained(path):
        _check_columns(path, [column])
        for row in _stream(path, [column]):
            yield row[column]


def read_lines(path: str) -> Iterator[str]:
    """The lines of a file (or glob of files), compressed or not, without their ends.

    A blank line is put behind each file. Raises `DataError` as `read_rows` does.
    """
    import fsspec

    with _explained(path):
        if Path(path).suffix.lower() == ".zst":
            require("zstandard", purpose=f"reading {path}")
        for name in _files(path):
            with fsspec.open(name, "rt", encoding="utf-8-sig", compression="infer") as file:
                for line in file:
                    yield line.rstrip("\r\n")
            yield ""


def read_records(path: str) -> tuple[Mapping[str, Any], Iterator[dict[str, Any]]]:
    """Stream the rows of a file or `dataset:NAME` as they are; and what its columns hold.

    The columns are those of the first row, with the `datasets` feature of each where it is known.
    """
    from datasets import load_dataset

    with _explained(path):
        if path.startswith(DATASET_PREFIX):
            name, _, config = path.removeprefix(DATASET_PREFIX).partition(",")
            found = load_dataset(name, config or None, split="train", streaming=True)
        else:
            builder, options = _reader(path)
            files = [glob.escape(file) for file in _files(path)]
            found = load_dataset(
                builder, data_files=files, split="train", streaming=True, **options
            )
        first = next(iter(found), None)
        if first is None:
            raise DataError(f"{path} is empty; expected at least one row")
        columns = dict.fromkeys(first) | dict(found.features or {})
    return columns, _all_of(path, found)


def _all_of(path: str, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with _explained(path):
        yield from rows


def is_plain_text(path: str) -> bool:
    """Whether a file holds a text a line, which is what any unknown kind of file is taken for."""
    return not path.startswith(DATASET_PREFIX) and _BUILDERS.get(_kind(path), "text") == "text"


def read_words(path: Path) -> list[str]:
    """The words of a word list: UTF-8, one a line; blank lines are skipped."""
    with _explained(str(path)):
        words = [line.strip() for line in path.read_text("utf-8-sig").split("\n")]
    words = [word for word in words if word]
    if not words:
        raise DataError(f"{path} holds no words; expected one a line")
    return words


def _check_columns(path: str, columns: Sequence[str]) -> None:
    names = _column_names(path)
    if names is None:
        raise DataError(f"{path} is empty; expected at least one row")
    for column in columns:
        if column not in names:
            raise DataError(
                f"{path} has no column {column!r}; its columns are {', '.join(map(str, names))}"
            )


def _column_names(path: str) -> list[str] | None:
    """The columns of the first file that has a row, or None when there is no row."""
    if path.startswith(DATASET_PREFIX) or _reader(path)[0] != "csv":
        first = next(_stream(path, None), None)
        return None if first is None else list(first)
    from pandas import read_csv

    # The stream would leave its file open when it is not read to its end. All columns of the first
    # rows are read, since a row with too many goes unseen where only some are asked for.
    options = {"dtype": str, "keep_default_na": False, **_reader(path)[1]}
    for file in _files(path):
        if Path(file).stat().st_size:
            with read_csv(file, chunksize=_ROWS_CHECKED, **options) as reader:
                frame = next(reader, None)
            if frame is not None and len(frame):
                return list(frame.columns)
    return None


def _stream(path: str, columns: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    from datasets import load_dataset

    if path.startswith(DATASET_PREFIX):
        name, _, config = path.removeprefix(DATASET_PREFIX).partition(",")
        yield from load_dataset(name, config or None, split="train", streaming=True)
        return
    builder, options = _reader(path)
    if builder == "csv" and columns is not None:
        # As strings, just as they stand: "007" stays three digits, "NA" and "None" are words.
        options |= {
            "usecols": list(columns),
            "converters": dict.fromkeys(columns, str),
            "keep_default_na": False,
        }
    # The readers stumble over files of no bytes, which have no rows to give.
    files = [glob.escape(file) for file in _files(path) if Path(file).stat().st_size]
    if files:
        yield from load_dataset(builder, data_files=files, split="train", streaming=True, **options)


def _files(path: str) -> list[str]:
    """The file at `path`, or those that match it as a pattern, sorted."""
    if Path(path).is_dir():
        raise DataError(f"{path} is a folder; expected a file, or a pattern such as {path}/*.csv")
    found = [path] if Path(path).is_file() else sorted(glob.glob(path))  # noqa: PTH207
    files = [file for file in found if Path(file).is_file()]
    if not files:
        raise FileNotFoundError(path)
    return files


def _kind(path: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _reader(path: str) -> tuple[str, dict[str, Any]]:
    if Path(path).suffix.lower() == ".zst":
        require("zstandard", purpose=f"reading {path}")
    kind = _kind(path)
    if kind not in _BUILDERS:
        raise DataError(
            f"{path}: unknown kind of file {kind!r}; expected one of {', '.join(_BUILDERS)}, "
            f"plain or with {', '.join(COMPRESSIONS)}"
        )
    return _BUILDERS[kind], dict(_OPTIONS.get(kind, {}))


def _text(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):  # Parquet files of older tools do not mark strings as such
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{where} holds bytes that are not UTF-8: {value!r:.60}") from error
    if isinstance(value, list | dict):
        raise DataError(f"{where} holds a {type(value).__name__}, expected a string: {value!r:.60}")
    return str(value)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the readers raise into a `DataError`, and keep their own log lines quiet."""
    from pandas.errors import EmptyDataError

    log = logging.getLogger("datasets")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; expected a file") from error
    except EmptyDataError as error:
        raise DataError(f"{path} is empty; expected a header and at least one row") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        guess = "utf-16" if error.object[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "latin1"
        raise DataError(
            f"{path} is not UTF-8 (byte 0x{byte:02x}: {error.reason}); convert it, for example "
            f"with: iconv -f {guess} -t utf-8 {path} > {path}.utf8"
        ) from error
    except RuntimeError as error:
        # How the JSON reader ends on compressed nothing.
        if not isinstance(error.__cause__, StopIteration):
            raise
        raise DataError(f"{path} is empty; expected at least one row") from error
    except _reading_errors() as error:
        raise DataError(f"{path} cannot be read ({_on_one_line(error)})") from error
    finally:
        log.setLevel(level)


def _reading_errors() -> tuple[type[Exception], ...]:
    """Whatever the readers and the decompressors below them say of a file they cannot read."""
    from lzma import LZMAError
    from zlib import error as zlib_error

    import pyarrow as pa

    errors = [LZMAError, zlib_error, pa.ArrowException, EOFError, OSError, ValueError, TypeError]
    if "zstandard" in sys.modules:
        errors.append(sys.modules["zstandard"].ZstdError)
    return tuple(errors)


def _on_one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_CAUSE else f"{text[:_LONGEST_CAUSE]} ..."
