"""word2vec's two formats, which gensim, Flair, spaCy and most older tools read."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np

from wordgraft.core.atomic_io import new_file
from wordgraft.core.compressed import is_compressed
from wordgraft.core.progress import progress_bar
from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import Format, Rows, WordVectors, check_finite
from wordgraft.export.formats.text import (
    decoded,
    header_of,
    is_row,
    opened,
    read_lines,
    spelt_without_blanks,
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
    """Write a line that counts words and dimensions, then a line a word.

    Numbers are exact to the last bit of a float32. The padding is left out, since other tools bring
    their own. The format separates by blanks: those inside a word are written `_`, and a word that
    another one is then spelt like is left out. Returns how many words this concerned. Raises
    `OutputError`.
    """
    return write_lines(table, path, header=True, force=force, progress=progress)


def read_word2vec(path: Path, *, progress: bool = False) -> WordVectors:
    """Read what `write_word2vec` and word2vec itself write. Raises `DataError`."""
    return read_lines(path, header=True, progress=progress)


def write_word2vec_binary(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """As `write_word2vec`, but the numbers of a word are the bytes of its float32 row."""
    words, rows, respelt = spelt_without_blanks(table)
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
    return respelt


def read_word2vec_binary(path: Path, *, progress: bool = False) -> WordVectors:
    """Read a binary file, of word2vec itself or of gensim. Raises `DataError`."""
    with opened(path) as file:
        first = file.readline(_LONGEST_WORD)
        announced = header_of(first)
        if first.startswith(_FASTTEXT_MODEL):
            raise DataError(
                f"{path} is a model of fastText, not vectors; give the .vec file beside it, or "
                "write one with gensim: load_facebook_vectors(...).save_word2vec_format(...)"
            )
        if announced is None:
            raise DataError(
                f"{path} does not begin with the number of words and of dimensions; it is no "
                "binary file of word2vec"
            )
        n, dims = announced
        if not n or not dims:
            raise DataError(f"{path} announces {n} words of {dims} numbers; it holds nothing")
        # A word takes a letter and a blank at least; decompressed, a file may have any size.
        least = n * (4 * dims + 2)
        size = path.stat().st_size
        if not is_compressed(path) and size < least:
            raise _cut_off(path, f"has {size:,} bytes, {n:,} words of {dims} need {least:,}")
        rows = Rows(n, dims)
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
                f"{path}: {n:,} words of {dims} numbers are announced, and more follow "
                f"({left!r}); its first line is wrong: get the file again"
            )
    return rows.done(path)


def _word(file: IO[bytes], path: Path, number: int, n: int) -> str:
    """The bytes up to a blank; the line end that some writers set before a word is dropped."""
    letters = bytearray()
    while (letter := file.read(1)) != b" ":
        if not letter:
            raise _cut_off(path, f"ends at word {number:,} of {n:,}")
        letters += letter
        if len(letters) > _LONGEST_WORD:
            raise DataError(f"{path}: word {number:,} has no end; the file is damaged")
    return decoded(bytes(letters).lstrip(b"\n"), path, f"word {number:,}")


def _cut_off(path: Path, found: str) -> DataError:
    return DataError(f"{path} {found}; the file is cut off: get it again")


def is_word2vec(path: Path, head: bytes) -> bool:
    """Whether a file that begins with `head` counts its words and then lists them as text."""
    first, _, rest = head.partition(b"\n")
    announced = header_of(first)
    line = rest.partition(b"\n")[0]
    # The first bytes may not hold the whole line; then they must at least be text.
    return announced is not None and (is_row(line, announced[1]) or _is_text(rest))


def _binary(path: Path, head: bytes) -> bool:
    return head.startswith(_FASTTEXT_MODEL) or header_of(head.partition(b"\n")[0]) is not None


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A letter may be cut in two at the end of what was read.
        return len(head) - error.start < 4 and b"\0" not in head
    return b"\0" not in head


WORD2VEC = Format("word2vec", "word2vec text", write_word2vec, read_word2vec, is_word2vec)
WORD2VEC_BINARY = Format(
    "word2vec-binary", "word2vec binary", write_word2vec_binary, read_word2vec_binary, _binary
)
