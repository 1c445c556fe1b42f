"""Texts as padded ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tables import random_table, table_of

import wordgraft as wg
from wordgraft import open_checkpoint
from wordgraft.errors import CheckpointError, TableError
from wordgraft.grafts.padding import encoder_inputs, padded_ids
from wordgraft.oov import with_oov

TABLE = random_table(50, 8)


def test_texts_become_padded_ids() -> None:
    texts = ["w3 W4 nothing", "", "w1"]
    assert padded_ids(TABLE, texts).tolist() == [[5, 6, 1], [0, 0, 0], [3, 0, 0]]
    assert padded_ids(TABLE, texts, length=2).tolist() == [[5, 6], [0, 0], [3, 0]]
    assert padded_ids(TABLE, texts, length=4)[0].tolist() == [5, 6, 1, 0]
    assert padded_ids(TABLE, [""]).tolist() == [[0]]
    assert padded_ids(TABLE, texts).dtype == np.int32


def test_inputs_are_cut_and_padded(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    pieces = checkpoint.tokenizer
    (before,), (after,) = pieces.specials
    texts = ["the river", " ".join(["bank"] * 200), ""]
    inputs = encoder_inputs(checkpoint, texts, length=8)
    ids = [list(pieces.ids(text))[:6] for text in texts]
    rows = [[before, *row, after] for row in ids]
    assert_array_equal(
        inputs["input_ids"], [row + [pieces.pad_id] * (8 - len(row)) for row in rows]
    )
    assert inputs["attention_mask"].sum(1).tolist() == [len(row) for row in rows]
    assert encoder_inputs(checkpoint, texts)["input_ids"].shape == (3, checkpoint.max_tokens)
    with pytest.raises(CheckpointError, match="takes 3 to 64 tokens"):
        encoder_inputs(checkpoint, texts, length=65)


def test_rows_are_appended_for_words_out_of_the_vocabulary() -> None:
    table = with_oov(table_of(["sun", "rain"], [[1, 0], [0, 2]]), "mean")
    ids, covering = padded_ids(table, ["snow sun", "RAIN snow's x"], oov=True)
    assert ids.shape == (2, 5)
    assert covering.vocabulary.words[4:] == ("snow", "'", "s", "x")
    assert (padded_ids(covering, ["snow sun", "RAIN snow's x"]) == ids).all()
    assert covering["snow"].tolist() == [0.5, 1]
    assert (covering.rows()[:4] == table.rows()).all()


def test_pieces_have_no_words_to_append(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = wg.open_checkpoint(str(tiny_checkpoint("bert")))
    pieces = wg.build_table(checkpoint, wg.Vocabulary.from_tokenizer(checkpoint), source="lookup")
    with pytest.raises(TableError, match="oov=True needs a table of words"):
        padded_ids(pieces, ["sun"], oov=True)
