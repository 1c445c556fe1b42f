"""Tables: made once, saved, and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_methods import texts_of

from wordgraft.comparison import TableCache
from wordgraft.errors import CheckpointError, TableError


def test_a_table_is_made_once_and_found_again(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = str(tiny_checkpoint("bert"))
    cache = TableCache(texts_of(20)[0], checkpoint=encoder, folder=tmp_path / "tables")
    table = cache.table("composed")
    assert cache.table("composed") is table
    assert {"calm", "rain", "sun"} <= set(table.vocabulary.words)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the table is made again")

    monkeypatch.setattr("wordgraft.comparison.table_cache.build_table", never)
    again = TableCache(texts_of(20)[0], checkpoint=encoder, folder=tmp_path / "tables")
    np.testing.assert_array_equal(again.table("composed").rows(), table.rows())
    assert again.seconds["composed"] == pytest.approx(cache.seconds["composed"], abs=1e-3)


def test_vectors_of_a_file_keep_the_words_of_the_texts(tmp_path: Path) -> None:
    file = tmp_path / "v.txt"
    file.write_text("rain 1 0 0\nsun 0 1 0\nunused 0 0 1\n")
    table = TableCache(["rain rain", "sun"], vectors=file).table("vectors")
    words = [table.vocabulary.words[row] for row in table.word_rows]
    assert sorted(words) == ["rain", "sun"]


def test_what_was_not_given_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"needs an encoder; name one with checkpoint=\.\.\."):
        TableCache(["a"]).opened()
    with pytest.raises(
        TableError, match="needs a file of word vectors; give it with MethodSettings"
    ):
        TableCache(["a"]).table("vectors")
    assert TableCache(["a"]).forgetting() is None


def test_sentences_of_words_become_running_text() -> None:
    assert TableCache([["New", "York"], "it rains"]).sentences == ["New York", "it rains"]
