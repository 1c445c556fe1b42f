"""Vectors as text, one word per line: what word2vec, GloVe and fastText files share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from wordgraft.core.atomic_io import new_file
from wordgraft.core.compressed import DAMAGED, open_bytes
from wordgraft.core.progress import progress_bar
from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import RowCollector, WordVectors, check_finite
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

_ROWS_AT_ONCE = 1024
# Bytes parsed at once: enough for NumPy to be fast, few compared with any file.
_BLOCK = 1 << 20
_HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)\s*")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed if its name ends in .gz, .bz2, .xz or .zst.

    Raises `DataError` if the file is missing, damaged or not readable.
    """
    try:
        with open_bytes(path) as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except DAMAGED as error:
        raise DataError(f"{path} cannot be read ({error}); download the file again") from error


def words_without_whitespace(
    table: EmbeddingTable,
) -> tuple[list[str], Int64[ndarray, " rows"], int]:
    """Words for formats that separate by whitespace, their rows, and how many words changed.

    Whitespace inside a word becomes `_`; the word is left out if another word is spelled like that.
    Padding is left out, since other tools have their own.
    """
    taken = set(table.vocabulary.words)
    row_of: dict[str, int] = {}
    respelled = 0
    for row, word in enumerate(table.vocabulary.words[1:], 1):
        plain = re.sub(r"\s", "_", word)
        respelled += plain != word
        if plain == word or plain not in taken:
            row_of.setdefault(plain, row)
    return list(row_of), np.fromiter(row_of.values(), np.int64, len(row_of)), respelled


def write_lines(
    table: EmbeddingTable, path: Path, *, header: bool, force: bool, progress: bool
) -> int:
    """Write one word per line, exact to the last bit. Returns how many words were respelled."""
    words, rows, respelled = words_without_whitespace(table)
    with (
        new_file(path, force=force) as scratch,
        scratch.open("w", encoding="utf-8", newline="\n") as file,
        progress_bar("writing words", len(words), show=progress) as advance,
    ):
        if header:
            file.write(f"{len(words)} {table.dims}\n")
        line = "%s" + " %.9g" * table.dims + "\n"
        for start in range(0, len(words), _ROWS_AT_ONCE):
            names = words[start : start + _ROWS_AT_ONCE]
            values = table.rows(rows[start : start + _ROWS_AT_ONCE]).tolist()
            pairs = zip(names, values, strict=True)
            file.writelines(line % (name, *vector) for name, vector in pairs)
            advance(len(names))
    return respelled


def header_of(line: bytes) -> tuple[int, int] | None:
    """The numbers of words and dimensions in a first line; None if it is not a header."""
    match = _HEADER.fullmatch(line)
    return (int(match[1]), int(match[2])) if match else None


def is_row(line: bytes, dims: int) -> bool:
    """Whether a line is a word and `dims` numbers."""
    cells = line.split()
    try:
        return len(cells) > dims and len([float(cell) for cell in cells[-dims:]]) == dims
    except ValueError:
        return False


def read_lines(path: Path, *, header: bool, progress: bool = False) -> WordVectors:
    """Read a word and its numbers from every line.

    The file is read twice: once to count its lines, so that the array has the right size from the
    start, and once to parse them. Raises `DataError`.
    """
    lines, first = _counted(path)
    announced, skipped = None, 0
    if header:
        announced = header_of(first)
        if announced is None:
            raise DataError(
                f"{path}, line 1: expected the numbers of words and dimensions, found "
                f"{_shown(first)}; a file without them has the format glove"
            )
        skipped = 1
        if lines - 1 != announced[0]:
            raise DataError(
                f"{path}: its first line declares {announced[0]:,} words, but {lines - 1:,} lines "
                "follow; download the file again, or correct that line"
            )
    dims = announced[1] if announced else len(first.split()) - 1
    if not lines - skipped:
        raise DataError(f"{path} has no words; expected a word and its vector on every line")
    if dims < 1:
        raise DataError(f"{path}, line 1: expected a word and its numbers, found {_shown(first)}")
    rows = RowCollector(lines - skipped, dims)
    number = 1
    with opened(path) as file, progress_bar("reading words", lines, show=progress) as advance:
        if skipped:
            file.readline()
            number += 1
        while block := file.readlines(_BLOCK):
            words, values = _parsed(path, number, block, dims)
            check_finite(path, words, values, number - skipped)
            rows.add(words, values)
            number += len(block)
            advance(len(block))
    return rows.done(path)


def decoded(word: bytes, path: Path, where: str) -> str:
    """A word as text. Raises `DataError` if it is not UTF-8."""
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, {where}: the word {word!r:.60} is not UTF-8 ({error.reason}); convert the "
            f"file, for example with: iconv -f latin1 -t utf-8 {path} > {path}.utf8"
        ) from error


def _counted(path: Path) -> tuple[int, bytes]:
    """The number of lines of a file (the last may lack a newline), and the first line."""
    lines, last = 0, b"\n"
    with opened(path) as file:
        first = file.readline(_BLOCK)
        if not first:
            raise DataError(f"{path} is empty; expected a word and its vector on every line")
        chunk = first
        while chunk:
            lines += chunk.count(b"\n")
            last = chunk
            chunk = file.read(_BLOCK)
    return lines + (not last.endswith(b"\n")), first.removeprefix(b"\xef\xbb\xbf")


def _parsed(
    path: Path, number: int, block: Sequence[bytes], dims: int
) -> tuple[list[str], Float32[ndarray, "words dims"]]:
    """The words and numbers of a block of lines that begins with line `number`."""
    words, rests = [], []
    for place, line in enumerate(block):
        bare = line.rstrip()
        if number + place == 1:
            bare = bare.removeprefix(b"\xef\xbb\xbf")
        # Without tabs, such a line has at most `dims` numbers, so the block has the right number in
        # total only if every line has.
        if bare.count(b" ") == dims and b"\t" not in bare:
            word, _, rest = bare.partition(b" ")
        else:
            word, rest = _unusual(path, number + place, bare, dims)
        if not word:
            raise DataError(f"{path}, line {number + place:,}: there is no word before the numbers")
        words.append(decoded(word, path, f"line {number + place:,}"))
        rests.append(rest)
    try:
        values = np.fromstring(b" ".join(rests), np.float32, sep=" ")
    except (ValueError, DeprecationWarning):  # NumPy before 2.3 only warns
        values = np.empty(0, np.float32)
    if values.size != len(block) * dims:
        values = _one_by_one(path, number, rests, dims)
    return words, values.reshape(len(block), dims)


def _unusual(path: Path, number: int, line: bytes, dims: int) -> tuple[bytes, bytes]:
    """The word and numbers of a line that does not have one space before each number."""
    cells = line.split()
    if len(cells) <= dims:
        raise DataError(
            f"{path}, line {number:,}: expected a word and {dims} numbers, found "
            f"{max(len(cells) - 1, 0)} numbers in {_shown(line)}; correct the line, or download "
            "the file again"
        )
    # Everything before the numbers is the word: some GloVe files have words with spaces.
    return b" ".join(cells[:-dims]), b" ".join(cells[-dims:])


def _one_by_one(
    path: Path, number: int, rests: Sequence[bytes], dims: int
) -> Float32[ndarray, " values"]:
    """The same numbers, parsed line by line to find the faulty one."""
    values: list[list[float]] = []
    for place, rest in enumerate(rests):
        try:
            values.append([float(cell) for cell in rest.split()])
            wrong = len(values[-1]) != dims
        except ValueError:
            wrong = True
        if wrong:
            raise DataError(
                f"{path}, line {number + place:,}: expected {dims} numbers after the word, found "
                f"{_shown(rest)}; correct the line, or download the file again"
            )
    return np.array(values, np.float32)


def _shown(line: bytes) -> str:
    text = line[:200].decode("utf-8", "replace").strip()
    return repr(text) if len(text) <= 60 else f"{text[:60]!r} ..."
