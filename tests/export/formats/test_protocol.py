"""Words and vectors, collected block by block."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from format_files import (
    ROWS,
    file_with,
    lines_of,
)
from numpy.testing import assert_array_equal

import wordgraft as wg
from wordgraft.errors import DataError


def test_repeated_words_keep_the_first_vector_and_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["the", "sun", "the", "rain", "sun", "<unk>", "rain"]
    table = wg.read_vectors(file_with(tmp_path, lines_of(words, ROWS)))
    assert table.vocabulary.words[2:] == ("the", "sun", "rain")
    assert_array_equal(table.vectors[1:], ROWS[[5, 0, 1, 3]])
    assert "3 words are repeated; the first vector of each is used" in caplog.text


def test_a_header_that_announces_more_than_memory(tmp_path: Path) -> None:
    content = gzip.compress(b"99999999999999 300\na " + bytes(1200))
    with pytest.raises(DataError, match="declares 99,999,999,999,999 words of 300 numbers"):
        wg.read_vectors(file_with(tmp_path, content, "v.bin.gz"))
