"""Some words of a file, and its vector for the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_files import (
    ROWS,
    file_with,
    lines_of,
)
from numpy.testing import assert_array_equal
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError
from wordgraft.export.formats.selection import keep_words, with_constant_oov


def test_only_some_words_with_counts() -> None:
    table = table_of(["a", "b", "c"], ROWS[:3])
    some = keep_words(table, {"c": 5, "x": 9, "a": 2, "A": 1})
    assert some.vocabulary.words == ("[PAD]", "[UNK]", "c", "a")
    assert some.vocabulary.counts.tolist() == [0, 0, 5, 2]
    assert_array_equal(some.vectors[2:], ROWS[[2, 0]])
    assert some.vocabulary.ids(["a c b"]).ids.tolist() == [3, 2, 1]
    with pytest.raises(DataError, match="none of 1 words is among the 5"):
        keep_words(table, {"x": 1})


def test_unknown_words_of_a_file(tmp_path: Path) -> None:
    table = wg.read_vectors(file_with(tmp_path, lines_of()))
    unk = with_constant_oov(table, "unk")
    assert_array_equal(wg.method_of(unk).vectors(["moon"])[0], table.vectors[1])
    zero = with_constant_oov(table, "zero")
    assert not wg.method_of(zero).vectors(["moon"]).any()
    assert not zero.vectors[1].any()
    zero.save(tmp_path / "t.table")
    assert wg.method_of(wg.EmbeddingTable.load(tmp_path / "t.table")).name == "zero"
