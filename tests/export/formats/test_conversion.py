"""Word vectors as a table: how text is split, and which words it reaches."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from format_files import (
    ROWS,
    file_with,
    lines_of,
)
from numpy.testing import assert_array_equal

import wordgraft as wg


def test_the_words_decide_about_case_and_accents(tmp_path: Path) -> None:
    lower = wg.read_vectors(file_with(tmp_path, lines_of()))
    assert lower.vocabulary.segment("The SUN, Café!") == ["the", "sun", ",", "café", "!"]
    plain = wg.read_vectors(file_with(tmp_path, lines_of(["the", "cafe"], ROWS[:2])))
    assert plain.vocabulary.segment("The Café") == ["the", "cafe"]
    cased = wg.read_vectors(file_with(tmp_path, lines_of(["the", "The", "Sun"], ROWS[:3])))
    assert cased.vocabulary.segment("The Sun") == ["The", "Sun"]
    assert cased.recipe["segmentation"] == "BERT words, cased, without accents"
    ids = cased.vocabulary.ids(["the The moon"]).ids
    assert_array_equal(cased.rows(ids)[:2], ROWS[:2])
    assert ids[2] == cased.vocabulary.roles["unk"]


def test_a_checkpoint_cuts_as_it_does(
    tmp_path: Path, tiny_checkpoint: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = wg.open_checkpoint(tiny_checkpoint("bert"))  # uncased
    path = file_with(tmp_path, lines_of(["The", "the", "Sun", "SUN", "co-op"], ROWS[:5]))
    table = wg.read_vectors(path, checkpoint=checkpoint)
    assert table.vocabulary.words[2:] == ("the", "sun", "co-op")
    assert_array_equal(table["the"], ROWS[1])  # as it stands, before what becomes it
    assert_array_equal(table["Sun"], ROWS[2])  # the first
    assert_array_equal(table["co-op"], ROWS[4])
    np.testing.assert_allclose(table.vectors[1], ROWS[[1, 2, 4]].mean(0), rtol=1e-6)
    assert table.recipe["checkpoint"] == str(tiny_checkpoint("bert"))
    assert table.provenance.pieces[4] > 1
    assert "2 of 5 words become equal to another word" in caplog.text


def test_roles_of_the_file_are_used(tmp_path: Path) -> None:
    words = ["the", "<unk>", "sun", "<pad>"]
    table = wg.read_vectors(file_with(tmp_path, lines_of(words, ROWS[:4])))
    assert table.vocabulary.words == ("[PAD]", "[UNK]", "the", "sun")
    assert_array_equal(table.vectors, np.stack([0 * ROWS[0], ROWS[1], ROWS[0], ROWS[2]]))
    assert table.provenance.counts() == {"padding": 1, "file": 3}


def test_words_that_text_does_not_reach_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "wordgraft"):
        table = wg.read_vectors(
            file_with(tmp_path, lines_of(["sun", "co-op", "u.s.", "x"], ROWS[:4]))
        )
    assert table.recipe["words_cut"] == 2
    assert "the rule for text splits 2 of the 4 words" in caplog.text


def test_words_that_the_rule_writes_otherwise(tmp_path: Path) -> None:
    table = wg.read_vectors(file_with(tmp_path, lines_of(["new\u00a0york", "x"], ROWS[:2])))
    assert table.vocabulary.words[2:] == ("new york", "x")
    assert_array_equal(table["new\u00a0york"], ROWS[0])
