"""word2vec's two formats, which gensim, Flair, spaCy and most older tools read."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np

from wordgraft.core.atomic_io import new_file
from wordgraft.core.compressed import is_compressed
from wordgraft.core.progress import progress_bar
from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import Format, RowCollector, WordVectors, check_finite
from wordgraft.export.formats.text import (
    decoded,
    header_of,
    is_row,
    opened,
    read_lines,
    words_without_whitespace,
    write_lines,
)
from wordgraft.table import EmbeddingTable

_ROWS_AT_ONCE = 1024
_LONGEST_WORD = 10_000
# How fastText's own .bin files begin.
_FASTTEXT_MODEL = (793_712_314).to_bytes(4, "little")


def write_word2vec(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a line with the numbers of words and dimensions, then one word per line.

    Numbers are exact to the last bit of a float32. Padding is left out, since other tools have
    their own. The format separates by whitespace: inside a word it becomes `_`, and a word is left
    out if another word is spelled like that. Returns the number of such words.

    >>> write_word2vec(table, Path("vectors.txt"))
    0
    >>> print(Path("vectors.txt").read_text())
    4 4
    [UNK] 0 0 0 0
    sun 1 0 0 1
    ...

    Raises `OutputError`.
    """
    return write_lines(table, path, header=True, force=force, progress=progress)


def read_word2vec(path: Path, *, progress: bool = False) -> WordVectors:
    """Read what `write_word2vec` and word2vec itself write. Raises `DataError`."""
    return read_lines(path, header=True, progress=progress)


def write_word2vec_binary(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Like `write_word2vec`, with the float32 bytes of each row instead of text."""
    words, rows, respelled = words_without_whitespace(table)
    with (
        new_file(path, force=force) as scratch,
        scratch.open("wb") as file,
        progress_bar("writing words", len(words), show=progress) as advance,
    ):
        file.write(f"{len(words)} {table.dims}\n".encode())
        for start in range(0, len(words), _ROWS_AT_ONCE):
            names = words[start : start + _ROWS_AT_ONCE]
            block = table.rows(rows[start : start + _ROWS_AT_ONCE]).astype("<f4")
            for name, vector in zip(names, block, strict=True):
                file.write(name.encode() + b" " + vector.tobytes() + b"\n")
            advance(len(names))
    return respelled


def read_word2vec_binary(path: Path, *, progress: bool = False) -> WordVectors:
    """Read a binary file that word2vec or gensim wrote. Raises `DataError`."""
    with opened(path) as file:
        first = file.readline(_LONGEST_WORD)
        announced = header_of(first)
        if first.startswith(_FASTTEXT_MODEL):
            raise DataError(
                f"{path} is a fastText model, not a file of vectors; use its .vec file, or write "
                "one with gensim: load_facebook_vectors(...).save_word2vec_format(...)"
            )
        if announced is None:
            raise DataError(
                f"{path} does not begin with the numbers of words and dimensions; it is not a "
                "binary file of word2vec"
            )
        n, dims = announced
        if not n or not dims:
            raise DataError(f"{path} declares {n} words of {dims} numbers; it has no vectors")
        # A word takes at least a letter and a space. A compressed file may have any size.
        least = n * (4 * dims + 2)
        size = path.stat().st_size
        if not is_compressed(path) and size < least:
            raise _cut_off(path, f"has {size:,} bytes, {n:,} words of {dims} need {least:,}")
        rows = RowCollector(n, dims)
        with progress_bar("reading words", n, show=progress) as advance:
            for start in range(0, n, _ROWS_AT_ONCE):
                wanted = min(_ROWS_AT_ONCE, n - start)
                words, values = [], np.empty((wanted, dims), np.float32)
                for place in range(wanted):
                    words.append(_word(file, path, start + place + 1, n))
                    bytes_read = file.read(4 * dims)
                    if len(bytes_read) < 4 * dims:
                        raise _cut_off(path, f"ends in word {start + place + 1:,} of {n:,}")
                    values[place] = np.frombuffer(bytes_read, "<f4")
                check_finite(path, words, values, start + 1)
                rows.add(words, values)
                advance(wanted)
        if left := file.read(2).strip(b"\n"):
            raise DataError(
                f"{path} declares {n:,} words of {dims} numbers, but more data follows "
                f"({left!r}); its first line is wrong: download the file again"
            )
    return rows.done(path)


def _word(file: IO[bytes], path: Path, number: int, n: int) -> str:
    """The word up to the next space, without the newline that some writers put before it."""
    letters = bytearray()
    while (letter := file.read(1)) != b" ":
        if not letter:
            raise _cut_off(path, f"ends at word {number:,} of {n:,}")
        letters += letter
        if len(letters) > _LONGEST_WORD:
            raise DataError(f"{path}: word {number:,} does not end; the file is damaged")
    return decoded(bytes(letters).lstrip(b"\n"), path, f"word {number:,}")


def _cut_off(path: Path, fault: str) -> DataError:
    return DataError(f"{path} {fault}; the file is truncated: download it again")


def is_word2vec(path: Path, head: bytes) -> bool:
    """Whether a file that begins with `head` is word2vec's text format."""
    first, _, rest = head.partition(b"\n")
    announced = header_of(first)
    line = rest.partition(b"\n")[0]
    # If the line is longer than `head`, it must at least be text.
    return announced is not None and (is_row(line, announced[1]) or _is_text(rest))


def _binary(path: Path, head: bytes) -> bool:
    return head.startswith(_FASTTEXT_MODEL) or header_of(head.partition(b"\n")[0]) is not None


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of `head`.
        return len(head) - error.start < 4 and b"\0" not in head
    return b"\0" not in head


WORD2VEC = Format("word2vec", "word2vec text", write_word2vec, read_word2vec, is_word2vec)
WORD2VEC_BINARY = Format(
    "word2vec-binary", "word2vec binary", write_word2vec_binary, read_word2vec_binary, _binary
)
