"""Piece ids of rows, and raw tables of vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import CheckpointError
from wordgraft.sources.word_pieces import pieces_of, raw_table


def test_each_row_has_the_pieces_of_its_word(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    tokenizer = checkpoint.tokenizer
    pieces = pieces_of(checkpoint, Vocabulary.from_words(["sun", "unheardof"], checkpoint))
    rows = np.split(pieces.ids, pieces.offsets[1:-1])
    expected = tokenizer.tokenizer.encode("unheardof", add_special_tokens=False).ids
    assert [row.tolist() for row in rows[:2]] == [[tokenizer.pad_id], [tokenizer.unk_id]]
    assert rows[3].tolist() == expected


def test_a_vector_that_is_not_finite_is_an_error(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(["sun"], checkpoint)
    vectors = np.full((3, 4), np.inf, np.float32)
    with pytest.raises(CheckpointError, match="weights are finite, so the numbers overflow"):
        raw_table(
            checkpoint, vocabulary, vectors, pieces_of(checkpoint, vocabulary), source="isolated"
        )
