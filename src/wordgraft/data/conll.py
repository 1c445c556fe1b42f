"""Sentences with one tag per word: CoNLL-style files, and datasets with columns of lists."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wordgraft.core.compressed import content_suffix
from wordgraft.data.rows import read_records
from wordgraft.data.tag_schemes import count_missing_beginnings, is_tag, to_iob2
from wordgraft.data.text_files import DATASET_PREFIX, read_lines
from wordgraft.errors import DataError

_LOG = logging.getLogger(__name__)
_DOCUMENT = "-DOCSTART-"
_LIST_SUFFIXES = (".json", ".jsonl", ".ndjson", ".parquet")
# Common names of the columns of lists, the most common first.
TOKEN_NAMES = ("tokens", "words", "token", "word", "text")
TAG_NAMES = ("ner_tags", "tags", "labels", "tag", "label", "ner")


@dataclass(frozen=True)
class TaggedSentences:
    """Sentences as lists of words, and for each word its tag in IOB2."""

    sentences: list[list[str]]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.sentences)


def read_tagged(
    path: str, *, token: str | int | None = None, tag: str | int | None = None
) -> TaggedSentences:
    r"""Read tagged sentences and convert their tags to IOB2.

    A CoNLL-style file has one word per line, blank lines between sentences, and columns separated
    by tabs or spaces; `#` comments and -DOCSTART- are skipped. JSON Lines, Parquet and
    `dataset:NAME` have a column of word lists and a column of tag lists, either strings or numbers
    whose names the dataset carries.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.conll")
    ...     _ = path.write_text("Tim I-PER\nCook I-PER\nleft O\n\nRome I-LOC\n")
    ...     tagged = read_tagged(str(path))
    >>> tagged.sentences
    [['Tim', 'Cook', 'left'], ['Rome']]
    >>> tagged.tags
    [['B-PER', 'I-PER', 'O'], ['B-LOC']]

    Args:
        path: a file, a glob pattern, or `dataset:NAME`.
        token, tag: the columns of words and of tags: numbers from 0 (-1 is the last) or names. By
            default the columns that look like words and tags.

    Raises `DataError` if the file has no sentences, a word has no tag, or a column cannot be
    recognized.
    """
    if path.startswith(DATASET_PREFIX) or content_suffix(path) in _LIST_SUFFIXES:
        sentences, tags = _from_lists(path, token, tag)
    else:
        sentences, tags = _from_lines(path, token, tag)
    if not sentences:
        raise DataError(f"{path} has no tagged sentences; expected a word and its tag on each line")
    return _in_iob2(path, sentences, tags)


def _in_iob2(path: str, sentences: list[list[str]], tags: list[list[str]]) -> TaggedSentences:
    converted = []
    for number, (words, names) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(names):
            raise DataError(
                f"{path}, sentence {number:,} has {len(words)} words and {len(names)} tags; "
                "expected one tag per word"
            )
        try:
            converted.append(to_iob2(names))
        except DataError as error:
            raise DataError(f"{path}, sentence {number:,}: {error}") from error
    missing = sum(map(count_missing_beginnings, tags))
    if missing:
        _LOG.info("%s: %s I- tags without a B- before them begin an entity", path, f"{missing:,}")
    return TaggedSentences(sentences, converted)


def _from_lines(
    path: str, token: str | int | None, tag: str | int | None
) -> tuple[list[list[str]], list[list[str]]]:
    lines = list(read_lines(path))
    tabs = sum("\t" in line for line in lines) * 2 > sum(bool(line.strip()) for line in lines)
    rows = [(line.split("\t") if tabs else line.split()) for line in lines]
    rows = [[] if all(not cell.strip() for cell in row) else row for row in rows]
    widths = [len(row) for row in rows if row]
    width = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
    rows = [row for row in rows if not _is_comment(row, width)]
    full_rows = [row for row in rows if len(row) >= width and row]
    tag_column = (
        _guess_tag_column(path, full_rows, width)
        if tag is None
        else _column_number(path, "tag", tag, width)
    )
    token_column = (
        _guess_token_column(path, full_rows, tag_column)
        if token is None
        else _column_number(path, "token", token, width)
    )
    sentences: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, row in enumerate(rows, 1):
        if not row or row[0] == _DOCUMENT:
            if sentences[-1]:
                sentences.append([])
                tags.append([])
            continue
        if token_column and row[0][:1].isdigit() and not row[0].isdigit():
            continue  # `3-4` or `3.1` of CoNLL-U: words that are repeated, or not in the text
        if len(row) <= max(token_column, tag_column) or not row[tag_column].strip():
            raise DataError(
                f"{path}: line {number:,} (comments not counted), {' '.join(row)!r:.60}, has "
                f"{len(row)} columns, expected {width}: a word has no tag, or a blank line is "
                "missing after a sentence"
            )
        sentences[-1].append(row[token_column])
        tags[-1].append(row[tag_column].strip())
    if not sentences[-1]:
        del sentences[-1], tags[-1]
    return sentences, tags


def _is_comment(row: Sequence[str], width: int) -> bool:
    # A word such as `#hashtag` also begins with `#`, but its line has all columns.
    return (
        bool(row)
        and row[0].startswith("#")
        and (len(row) != width or row[0] == "#")
        and (not is_tag(row[-1]))
    )


def _guess_tag_column(path: str, rows: Sequence[Sequence[str]], width: int) -> int:
    values = {column: {row[column].strip() for row in rows} for column in reversed(range(width))}
    candidates = [column for column, cells in values.items() if cells and all(map(is_tag, cells))]
    if candidates:  # a column without any entity is chosen only if there is no other
        return min(candidates, key=lambda column: values[column] == {"O"})
    raise DataError(
        f"{path}: none of its {width} columns holds only tags (O, B-..., I-...); name the column, "
        "counted from 0: tag=3"
    )


def _guess_token_column(path: str, rows: Sequence[Sequence[str]], tag_column: int) -> int:
    for column in range(len(rows[0])):
        if column != tag_column and not all(row[column][:1].isdigit() for row in rows):
            return column
    raise DataError(f"{path}: no column looks like words; name the column: token=0")


def _column_number(path: str, what: str, column: str | int, width: int) -> int:
    try:
        number = int(column)
    except ValueError as error:
        raise DataError(
            f"{path}: its columns have no names; give the {what} column as a number from 0 to "
            f"{width - 1}, not {column!r}"
        ) from error
    if not -width <= number < width:
        raise DataError(f"{path} has {width} columns; there is no {what} column {number}")
    return number % width


def _from_lists(
    path: str, token: str | int | None, tag: str | int | None
) -> tuple[list[list[str]], list[list[str]]]:
    columns, rows = read_records(path)
    token_name = _column_name(path, "token", token, list(columns), TOKEN_NAMES)
    tag_name = _column_name(path, "tag", tag, list(columns), TAG_NAMES)
    # Tags may be numbers whose names the dataset carries.
    names = getattr(getattr(columns[tag_name], "feature", None), "names", None)
    sentences, tags = [], []
    for number, row in enumerate(rows):
        words, row_tags = row[token_name], row[tag_name]
        for what, cell in (("words", words), ("tags", row_tags)):
            if not isinstance(cell, list):
                raise DataError(f"{path}, row {number:,}: its {what} are {cell!r:.40}, not a list")
        if words:
            sentences.append([str(word) for word in words])
            tags.append([names[value] if names else str(value) for value in row_tags])
    return sentences, tags


def _column_name(
    path: str, what: str, column: Any, columns: Sequence[str], usual: Sequence[str]
) -> str:
    candidates = usual if column is None else [column]
    for name in candidates:
        if name in columns:
            return str(name)
    raise DataError(
        f"{path}: no {what} column {', '.join(map(str, candidates))}; its columns are "
        f"{', '.join(columns)}: name it with {what}=..."
    )
