"""Tables as files of other tools, read back by those tools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from numpy.testing import assert_array_equal
from tables import random_table, table_of

from wordgraft.errors import OutputError
from wordgraft.export.formats import FORMATS, write_npz, write_word2vec

ODD = table_of(
    ["new york", "new_york", "naïve", "🚀", "a\u00a0b", "x"],
    np.array([[1, 2], [3, 4], [1 / 3, -1e-30], [1e30, 2], [5, 6], [0, 0]], np.float32),
    counts=[9, 8, 7, 6, 5, 4],
)


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


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_numpy_reads_rows_words_and_counts_without_pickles(tmp_path: Path, dtype: str) -> None:
    table = ODD.astype("float32") if dtype == "float16" else ODD.astype(dtype)
    assert write_npz(table, tmp_path / "t.npz") == 0
    with np.load(tmp_path / "t.npz", allow_pickle=False) as read:
        assert read["words"].tolist() == list(table.vocabulary.words)
        assert_array_equal(read["vectors"], table.rows())
        assert read["vectors"].dtype == np.float32
        assert read["counts"].tolist() == [0, 0, 9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if not each.folder])
def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        FORMATS[name].write(ODD, path)
    assert path.read_text() == "mine"
    FORMATS[name].write(ODD, path, force=True)
    assert path.stat().st_size > 50
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
