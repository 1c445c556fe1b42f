"""Which files an argument names, and the lines of plain text files."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from wordgraft.core.compressed import open_bytes
from wordgraft.data.reading_errors import as_data_errors
from wordgraft.errors import DataError

TEXT_COLUMN = "text"
DATASET_PREFIX = "dataset:"


def split_column(spec: str) -> tuple[str, str]:
    """Split `FILE:COLUMN` or `dataset:NAME:COLUMN`; the column is `text` if none is given.

    >>> split_column("train.csv:body")
    ('train.csv', 'body')
    >>> split_column("dataset:imdb")
    ('dataset:imdb', 'text')
    """
    if spec.startswith(DATASET_PREFIX):
        name, _, column = spec.removeprefix(DATASET_PREFIX).partition(":")
        return DATASET_PREFIX + name, column or TEXT_COLUMN
    path, colon, column = spec.rpartition(":")
    if not colon or Path(spec).exists():
        return spec, TEXT_COLUMN
    return path, column


def text_sources(spec: str) -> list[tuple[str, str]]:
    """Each file (or the dataset) that a text argument names, and the column to read from it.

    `spec` is `FILE`, `FILE:COLUMN`, the same with a glob pattern, or `dataset:NAME:COLUMN`. Raises
    `DataError` if there is no such file.
    """
    path, column = split_column(spec)
    if path.startswith(DATASET_PREFIX):
        return [(path, column)]
    return [(file, column) for file in matching_files(path)]


def matching_files(path: str) -> list[str]:
    """The file `path`, or the files that match it as a glob pattern, in the order of their names.

    Raises `DataError` if there is none.
    """
    if Path(path).is_dir():
        raise DataError(f"{path} is a folder; expected a file, or a pattern such as {path}/*.csv")
    if Path(path).is_file():
        return [path]
    # Path.glob does not take absolute patterns.
    names = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207
    files = [name for name in names if Path(name).is_file()]
    if not files:
        raise DataError(
            f"there is no file {path}; expected FILE, FILE:COLUMN, a pattern in quotes, or "
            f"{DATASET_PREFIX}NAME:COLUMN"
        )
    return files


def read_lines(path: str) -> Iterator[str]:
    """Stream the lines of a file (or of all files that match a pattern) without their line ends.

    The files may be compressed. After each file comes an empty line. Raises `DataError` if a file
    is missing, damaged or not UTF-8.
    """
    with as_data_errors(path):
        for name in matching_files(path):
            with TextIOWrapper(open_bytes(name), encoding="utf-8-sig") as file:
                for line in file:
                    yield line.rstrip("\r\n")
            yield ""


def read_words(path: Path) -> list[str]:
    """The words of a word list: UTF-8, one word per line; blank lines are skipped.

    Raises `DataError` if the file cannot be read or holds no words.
    """
    with as_data_errors(str(path)):
        lines = path.read_text("utf-8-sig").split("\n")
    words = [word for line in lines if (word := line.strip())]
    if not words:
        raise DataError(f"{path} holds no words; expected one per line")
    return words
