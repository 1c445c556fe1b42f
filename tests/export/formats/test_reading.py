"""Files that are read, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_files import (
    file_with,
    lines_of,
    write,
)
from tables import random_table

import wordgraft as wg
from wordgraft.errors import DataError, PickleRefusedError


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "v.txt", r"is empty"),
        (b"3 2\n", "v.txt", r"declares 3 words, but 0 lines follow"),
        (b"0 2\n", "v.txt", r"has no words"),
        (
            b"3 2\na 1 2\nb 1 2\n",
            "v.txt",
            r"declares 3 words, but 2 lines follow; download the file again",
        ),
        (b"1 2\na 1 2\nb 1 2\n", "v.txt", r"declares 1 words, but 2 lines follow"),
        (
            b"a 1 2\nb 1\nc 1 2\n",
            "v.txt",
            r"line 2: expected a word and 2 numbers, found 1 numbers",
        ),
        (b"a 1 2\nb 1 2 3\nc 1 x\n", "v.txt", r"line 3: expected 2 numbers .* found '1 x'"),
        (b"a 1 2\n\nc 1 2\n", "v.txt", r"line 2: expected a word and 2 numbers, found 0"),
        (b"a 1 2\n 1 2\n", "v.txt", r"line 2"),
        (b"a 1 2\nb  1\n", "v.txt", r"line 2"),
        (b"a 1 2\nb nan 2\n", "v.txt", r"the vector of 'b' \(word 2\) has NaN"),
        (b"2 2\na 1 2\nb 2 inf\n", "v.txt", r"the vector of 'b' \(word 2\) has NaN or an inf"),
        (b"a 1 2\ncaf\xe9 1 2\n", "v.txt", r"line 2: the word b'caf\\xe9' is not UTF-8 .*iconv"),
        (b"just words and words\n", "v.txt", r"does not look like any of model2vec"),
        (b"PK\x03\x04rest", "glove.zip", r"is a zip archive; unpack it"),
        (b"9 1\na \0\0\0\0", "v.bin", r"has 10 bytes, 9 words of 1 need 54; the file is truncated"),
        (b"2 1\na \0\0\0\0\nbbbbb \0", "v.bin", r"ends in word 2 of 2; the file is truncated"),
        (b"1 1\na \0\0\0\0\nb \0\0\0\0", "v.bin", r"1 words of 1 numbers, but more data follows"),
        (b"1 1\n\xe9a \0\0\0\0", "v.bin", r"word 1: the word .* is not UTF-8"),
        (b"1 1\na \0\0\xc0\x7f", "v.bin", r"the vector of 'a' \(word 1\) has NaN"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "v.bin", r"is a fastText model, not a file of vectors"),
        (b"not gzip", "v.txt.gz", r"v.txt.gz cannot be read"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_files(tmp_path: Path, content: bytes, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wg.read_vectors(file_with(tmp_path, content, name))


def test_no_file_and_no_format(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        wg.read_vectors(tmp_path / "no.txt")
    with pytest.raises(DataError, match="unknown format 'xml'; the formats are"):
        wg.read_vectors(file_with(tmp_path, lines_of()), format="xml")
    with pytest.raises(DataError, match="a file without them has the format glove"):
        wg.read_vectors(file_with(tmp_path, lines_of()), format="word2vec")


def test_pickles_are_refused_unless_allowed(tmp_path: Path) -> None:
    path = write(random_table(20, 4), "gensim", tmp_path / "v.kv")
    with pytest.raises(PickleRefusedError, match="reading one can run any code; give allow_pickle"):
        wg.read_vectors(path)
    assert len(wg.read_vectors(path, allow_pickle=True)) == 22
