"""Sentences with a tag a word: CoNLL-style files, and data sets with columns of lists."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wordgraft.core.compressed import content_suffix
from wordgraft.data.tag_schemes import is_tag, to_iob2, without_beginning
from wordgraft.data.text_files import DATASET_PREFIX, read_lines, read_records
from wordgraft.errors import DataError

_LOG = logging.getLogger(__name__)
_DOCUMENT = "-DOCSTART-"
_LISTS = (".json", ".jsonl", ".ndjson", ".parquet")
# Usual names of the columns of lists, the likeliest first.
TOKEN_NAMES = ("tokens", "words", "token", "word", "text")
TAG_NAMES = ("ner_tags", "tags", "labels", "tag", "label", "ner")


@dataclass(frozen=True)
class Tagged:
    """Sentences as words, and a tag in IOB2 for each word."""

    sentences: list[list[str]]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.sentences)


def read_tagged(
    path: str, *, token: str | int | None = None, tag: str | int | None = None
) -> Tagged:
    """Read tagged sentences, and write their tags in IOB2.

    A CoNLL-style file has a word a line, blank lines between sentences, columns between tabs or
    blanks; `#` comments and -DOCSTART- are left out. JSON lines, Parquet and `dataset:NAME` have a
    column of word lists and one of tag lists, as strings or as numbers with names.

    Args:
        token, tag: numbers from 0 (from -1 at the end) or names of the columns; by default, those
            that look like words and like tags.

    Raises `DataError` for a file without sentences, a line without its tag, and columns that cannot
    be told.
    """
    if path.startswith(DATASET_PREFIX) or content_suffix(path) in _LISTS:
        sentences, tags = _from_lists(path, token, tag)
    else:
        sentences, tags = _from_lines(path, token, tag)
    if not sentences:
        raise DataError(f"{path} has no tagged sentences; expected a word and its tag a line")
    return _in_iob2(path, sentences, tags)


def _in_iob2(path: str, sentences: list[list[str]], tags: list[list[str]]) -> Tagged:
    found = []
    for place, (words, names) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(names):
            raise DataError(
                f"{path}, sentence {place:,} has {len(words)} words and {len(names)} tags; "
                "expected one each"
            )
        try:
            found.append(to_iob2(names))
        except DataError as error:
            raise DataError(f"{path}, sentence {place:,}: {error}") from error
    lone = sum(map(without_beginning, tags))
    if lone:
        _LOG.info("%s: %s I- tags without their B- begin an entity", path, f"{lone:,}")
    return Tagged(sentences, found)


def _from_lines(
    path: str, token: str | int | None, tag: str | int | None
) -> tuple[list[list[str]], list[list[str]]]:
    lines = list(read_lines(path))
    tabs = sum("\t" in line for line in lines) * 2 > sum(bool(line.strip()) for line in lines)
    rows = [(line.split("\t") if tabs else line.split()) for line in lines]
    rows = [[] if all(not cell.strip() for cell in row) else row for row in rows]
    widths = [len(row) for row in rows if row]
    width = max(set(widths), key=lambda each: (widths.count(each), each), default=0)
    rows = [row for row in rows if not _is_comment(row, width)]
    full = [row for row in rows if len(row) >= width and row]
    tag_at = _place(path, "tag", tag, width, _tag_column(path, full, width) if tag is None else 0)
    token_at = _place(
        path, "token", token, width, _token_column(path, full, tag_at) if token is None else 0
    )
    number_at = 0 if token_at else None
    sentences: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, row in enumerate(rows, 1):
        if not row or row[0] == _DOCUMENT:
            if sentences[-1]:
                sentences.append([])
                tags.append([])
            continue
        if number_at is not None and not row[number_at].isdigit() and row[number_at][:1].isdigit():
            continue  # `3-4` or `3.1` of CoNLL-U: words that stand again, or that no one wrote
        if len(row) <= max(token_at, tag_at) or not row[tag_at].strip():
            raise DataError(
                f"{path}: line {number:,} without its comments, {' '.join(row)!r:.60}, has "
                f"{len(row)} columns, expected {width}: a word has no tag, or a sentence no blank "
                "line behind it"
            )
        sentences[-1].append(row[token_at])
        tags[-1].append(row[tag_at].strip())
    kept = [place for place, words in enumerate(sentences) if words]
    return [sentences[place] for place in kept], [tags[place] for place in kept]


def _is_comment(row: Sequence[str], width: int) -> bool:
    # A word may begin with the sign, as in `#hashtag`; its line then has all columns.
    return (
        bool(row)
        and row[0].startswith("#")
        and (len(row) != width or row[0] == "#")
        and (not is_tag(row[-1]))
    )


def _tag_column(path: str, rows: Sequence[Sequence[str]], width: int) -> int:
    columns = {place: {row[place].strip() for row in rows} for place in reversed(range(width))}
    found = [place for place, cells in columns.items() if cells and all(map(is_tag, cells))]
    if found:  # one without any entity only where there is no other
        return min(found, key=lambda place: columns[place] == {"O"})
    raise DataError(
        f"{path}: none of its {width} columns holds tags alone (O, B-..., I-...); name the column: "
        "--tag-column 3, counted from 0"
    )


def _token_column(path: str, rows: Sequence[Sequence[str]], tag_at: int) -> int:
    for place in range(len(rows[0])):
        if place != tag_at and not all(row[place][:1].isdigit() for row in rows):
            return place
    raise DataError(f"{path}: no column looks like words; name it: --token-column 0")


def _place(path: str, what: str, given: str | int | None, width: int, found: int) -> int:
    if given is None:
        return found
    try:
        place = int(given)
    except ValueError as error:
        raise DataError(
            f"{path}: its columns have no names; give the {what} column as a number from 0 to "
            f"{width - 1}, not {given!r}"
        ) from error
    if not -width <= place < width:
        raise DataError(f"{path} has {width} columns; there is no {what} column {place}")
    return place % width


def _from_lists(
    path: str, token: str | int | None, tag: str | int | None
) -> tuple[list[list[str]], list[list[str]]]:
    columns, rows = read_records(path)
    token_name = _named(path, "token", token, list(columns), TOKEN_NAMES)
    tag_name = _named(path, "tag", tag, list(columns), TAG_NAMES)
    # Numbers stand for names that the data set carries along.
    names = getattr(getattr(columns[tag_name], "feature", None), "names", None)
    sentences, tags = [], []
    for number, row in enumerate(rows):
        words, marks = row[token_name], row[tag_name]
        for what, cell in (("words", words), ("tags", marks)):
            if not isinstance(cell, list):
                raise DataError(f"{path}, row {number:,}: its {what} are {cell!r:.40}, not a list")
        if words:
            sentences.append([str(word) for word in words])
            tags.append([names[mark] if names else str(mark) for mark in marks])
    return sentences, tags


def _named(path: str, what: str, given: Any, names: Sequence[str], usual: Sequence[str]) -> str:
    for name in [given] if given is not None else usual:
        if name in names:
            return str(name)
    looked_for = ", ".join(map(str, [given] if given is not None else usual))
    raise DataError(
        f"{path}: no {what} column {looked_for}; its columns are {', '.join(names)}: name it with "
        f"--{what}-column"
    )
