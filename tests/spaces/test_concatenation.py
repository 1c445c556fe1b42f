"""Vectors side by side: parts of one size, and words that one table lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tables import table_of

import wordgraft as wg
from wordgraft.errors import TableError
from wordgraft.oov import with_oov

LEFT = table_of(["sun", "rain"], [[3, 4], [4, 3]], unk=1.0)
RIGHT = with_oov(table_of(["rain", "snow"], [[10, 0], [0, 30]], unk=5.0), "mean")


def test_parts_have_one_size_and_keep_their_directions() -> None:
    both = wg.concatenate(LEFT, RIGHT)
    assert both.vocabulary.words == ("[PAD]", "[UNK]", "sun", "rain", "snow")
    rms = [np.sqrt(np.square(table.rows(table.word_rows)).mean()) for table in (LEFT, RIGHT)]
    expected = np.concatenate([LEFT["rain"] / rms[0], RIGHT["rain"] / rms[1]]) * 0.3
    np.testing.assert_allclose(both["rain"], expected, rtol=1e-6)
    assert not both.vectors[0].any()


def test_a_missing_word_comes_from_that_table_s_method() -> None:
    both = wg.concatenate(LEFT, RIGHT)
    scale = 0.3 / np.sqrt(np.square(RIGHT.rows(RIGHT.word_rows)).mean())
    np.testing.assert_allclose(both["sun"][2:], np.float32([5, 15]) * scale, rtol=1e-6)
    unk = np.float32([1, 1]) * 0.3 / np.sqrt(np.square(LEFT.rows(LEFT.word_rows)).mean())
    np.testing.assert_allclose(both["snow"][:2], unk, rtol=1e-6)
    assert both.provenance.counts() == {"padding": 1, "unk": 1, "file": 3}


def test_weights_scale_the_parts() -> None:
    plain, heavy = wg.concatenate(LEFT, RIGHT), wg.concatenate(LEFT, RIGHT, weights=[1, 3])
    np.testing.assert_allclose(heavy["rain"], plain["rain"] * [1, 1, 3, 3], rtol=1e-6)


def test_the_result_is_saved_and_takes_a_method(tmp_path: Path) -> None:
    wg.concatenate(LEFT, RIGHT).save(tmp_path / "both.table")
    read = with_oov(wg.EmbeddingTable.load(tmp_path / "both.table"), "neighbours")
    assert np.isfinite(wg.method_of(read).vectors(["rains"])).all()
    assert read.recipe["weights"] == [1, 1]


def test_what_cannot_be_concatenated(tiny_checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(TableError, match="1 tables were given"):
        wg.concatenate(LEFT)
    with pytest.raises(TableError, match="expected a number above 0 for each"):
        wg.concatenate(LEFT, RIGHT, weights=[1, 0])
    checkpoint = wg.open_checkpoint(str(tiny_checkpoint("bert")))
    pieces = wg.build_table(checkpoint, wg.Vocabulary.from_tokenizer(checkpoint), source="lookup")
    with pytest.raises(TableError, match="table 1 has rows for pieces"):
        wg.concatenate(LEFT, pieces)
