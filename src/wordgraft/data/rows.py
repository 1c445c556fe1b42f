"""Rows and columns of CSV, TSV, JSON Lines, Parquet and text files, compressed or not.

`datasets` reads the files in streaming mode, so memory does not grow with the file (except for
Parquet, which is decoded ahead).
"""

from __future__ import annotations

import glob
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordgraft.core.compressed import COMPRESSIONS, content_suffix
from wordgraft.core.optional import require
from wordgraft.data.reading_errors import as_data_errors
from wordgraft.data.text_files import DATASET_PREFIX, TEXT_COLUMN, matching_files
from wordgraft.errors import DataError

# The name of the `datasets` reader for each kind of file.
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
_OPTIONS: dict[str, dict[str, Any]] = {
    ".tsv": {"sep": "\t"},
    # A byte-order mark does not belong to the first word.
    ".txt": {"encoding": "utf-8-sig"},
    ".text": {"encoding": "utf-8-sig"},
    # The default is the size of the first row group, which fails if that group is empty.
    ".parquet": {"batch_size": 1_000},
}
_ROWS_CHECKED = 10_000


@dataclass
class ReadingReport:
    """How many rows a file has, and how many were left out; filled in while it is read."""

    rows: int = 0
    missing: int = 0


def read_texts(path: str | Path, column: str = TEXT_COLUMN) -> Iterator[str]:
    r"""Stream the texts of a file, one per row; rows without a text are left out and counted.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "reviews.jsonl")
    ...     _ = path.write_text('{"body": "warm sun"}\n{"body": "cold rain"}\n')
    ...     list(read_texts(path, "body"))
    ['warm sun', 'cold rain']

    Args:
        path: a CSV, TSV, JSON, JSON Lines, Parquet or text file (one text per line), compressed
            or not; a glob pattern; or `dataset:NAME`, which `datasets.load_dataset` finds.
        column: the column with the texts.

    Raises `DataError` as `read_rows` does.
    """
    for (text,) in read_rows(path, [column]):
        yield text


def read_rows(
    path: str | Path, columns: Sequence[str], *, report: ReadingReport | None = None
) -> Iterator[tuple[str, ...]]:
    """Stream the given columns of a file (or of all files that match a pattern) as strings.

    A row in which one of them is missing or empty is left out and counted in `report`; a warning
    with the count is logged at the end. Raises `DataError` if the file is missing, empty, damaged
    or not UTF-8, if a column does not exist, and if no row is left.
    """
    path = str(path)
    report = ReadingReport() if report is None else report
    with as_data_errors(path):
        _check_columns(path, columns)
        for row in _stream(path, columns):
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
    """Stream the raw values of one column of a file or of `dataset:NAME[,CONFIG]`.

    A missing value is None. A dataset is found by `datasets.load_dataset`, and its `train` split
    is streamed. Raises `DataError` as `read_rows` does.
    """
    with as_data_errors(path):
        _check_columns(path, [column])
        for row in _stream(path, [column]):
            yield row[column]


def read_records(path: str) -> tuple[Mapping[str, Any], Iterator[dict[str, Any]]]:
    """The columns of a file or `dataset:NAME`, and a stream of its rows with their raw values.

    Each column of the first row is mapped to its `datasets` feature, or to None if that is unknown.
    Raises `DataError` as `read_rows` does.
    """
    from datasets import load_dataset

    with as_data_errors(path):
        if path.startswith(DATASET_PREFIX):
            dataset = _hub_dataset(path)
        else:
            builder, options = _reader(path)
            files = [glob.escape(file) for file in matching_files(path)]
            dataset = load_dataset(
                builder, data_files=files, split="train", streaming=True, **options
            )
        first = next(iter(dataset), None)
        if first is None:
            raise DataError(f"{path} is empty; expected at least one row")
        columns = dict.fromkeys(first) | dict(dataset.features or {})
    return columns, _all_rows(path, dataset)


def is_plain_text(path: str) -> bool:
    """Whether a file is read as one text per line; so are files of an unknown kind."""
    if path.startswith(DATASET_PREFIX):
        return False
    return _BUILDERS.get(content_suffix(path), "text") == "text"


def _all_rows(path: str, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with as_data_errors(path):
        yield from rows


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
    """The columns of the first file that has a row, or None if no file has one."""
    if path.startswith(DATASET_PREFIX) or _reader(path)[0] != "csv":
        first = next(_stream(path, None), None)
        return None if first is None else list(first)
    from pandas import read_csv

    # The stream would leave its file open unless it is read to the end. All columns of the first
    # rows are read, because a row with too many cells goes unnoticed if only some are read.
    options = {"dtype": str, "keep_default_na": False, **_reader(path)[1]}
    for file in matching_files(path):
        if Path(file).stat().st_size:
            with read_csv(file, chunksize=_ROWS_CHECKED, **options) as reader:
                frame = next(reader, None)
            if frame is not None and len(frame):
                return list(frame.columns)
    return None


def _stream(path: str, columns: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    from datasets import load_dataset

    if path.startswith(DATASET_PREFIX):
        yield from _hub_dataset(path)
        return
    builder, options = _reader(path)
    if builder == "csv" and columns is not None:
        # Cells are read as strings: "007" keeps its zeros, "NA" and "None" are words.
        options |= {
            "usecols": list(columns),
            "converters": dict.fromkeys(columns, str),
            "keep_default_na": False,
        }
    # The readers fail on files of zero bytes, which have no rows anyway.
    files = [glob.escape(file) for file in matching_files(path) if Path(file).stat().st_size]
    if files:
        yield from load_dataset(builder, data_files=files, split="train", streaming=True, **options)


def _hub_dataset(path: str) -> Any:
    from datasets import load_dataset

    name, _, config = path.removeprefix(DATASET_PREFIX).partition(",")
    return load_dataset(name, config or None, split="train", streaming=True)


def _reader(path: str) -> tuple[str, dict[str, Any]]:
    if Path(path).suffix.lower() == ".zst":
        require("zstandard", purpose=f"reading {path}")
    suffix = content_suffix(path)
    if suffix not in _BUILDERS:
        raise DataError(
            f"{path}: unknown kind of file {suffix!r}; expected one of {', '.join(_BUILDERS)}, "
            f"plain or with {', '.join(COMPRESSIONS)}"
        )
    return _BUILDERS[suffix], dict(_OPTIONS.get(suffix, {}))


def _text(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):  # Parquet files from older tools do not mark strings as such
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{where} holds bytes that are not UTF-8: {value!r:.60}") from error
    if isinstance(value, list | dict):
        raise DataError(f"{where} holds a {type(value).__name__}, expected a string: {value!r:.60}")
    return str(value)
