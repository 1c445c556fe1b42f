"""word2vec's two formats, read and written by gensim too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from format_files import (
    check_rows,
    keyed_vectors_of,
)
from gensim.models import KeyedVectors
from numpy.testing import assert_array_equal
from tables import random_table, table_of

import wordgraft as wg
from wordgraft.export.formats import (
    FORMATS,
    write_word2vec,
)

ODD = table_of(
    ["new york", "new_york", "naïve", "🚀", "a\u00a0b", "x"],
    np.array([[1, 2], [3, 4], [1 / 3, -1e-30], [1e30, 2], [5, 6], [0, 0]], np.float32),
    counts=[9, 8, 7, 6, 5, 4],
)


@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_writes_is_read_to_the_last_bit(tmp_path: Path, binary: bool) -> None:
    keyed_vectors_of().save_word2vec_format(str(tmp_path / "v.bin"), binary=binary)
    table = wg.read_vectors(tmp_path / "v.bin")
    assert table.recipe["format"] == ("word2vec-binary" if binary else "word2vec")
    check_rows(table)


def test_gensim_reads_our_binary(tmp_path: Path) -> None:
    table = random_table(3_000, 8)
    write = FORMATS["word2vec-binary"].write
    assert write is not None
    write(table, tmp_path / "v.bin")
    read = KeyedVectors.load_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    assert read.index_to_key == list(table.vocabulary.words[1:])
    assert_array_equal(read.vectors, table.rows()[1:])


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_gensim_reads_every_row_to_the_last_bit(tmp_path: Path, dtype: str) -> None:
    table = random_table(3_000, 8).astype(dtype)  # more than one block of rows
    assert write_word2vec(table, tmp_path / "t.txt") == 0
    read = KeyedVectors.load_word2vec_format(str(tmp_path / "t.txt"))
    assert read.index_to_key == list(table.vocabulary.words[1:])
    assert_array_equal(read.vectors, table.rows()[1:])
    word, cosine = read.most_similar("w7", topn=1)[0]
    assert (word, pytest.approx(cosine, abs=1e-5)) == table.neighbours("w7", top=1)[0]


def test_words_with_spaces_are_respelled_and_never_clash(tmp_path: Path) -> None:
    assert write_word2vec(ODD, tmp_path / "t.txt") == 2
    read = KeyedVectors.load_word2vec_format(str(tmp_path / "t.txt"))
    assert read.index_to_key == ["[UNK]", "new_york", "naïve", "🚀", "a_b", "x"]
    assert_array_equal(read["new_york"], [3, 4])
    assert_array_equal(read["a_b"], [5, 6])
    assert_array_equal(read["naïve"], ODD["naïve"])
    assert_array_equal(read["🚀"], ODD["🚀"])
