"""`Composed`: the mean of a word's piece rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.sources import Composed
from wordgraft.sources.composed import mean_rows


def test_a_piece_keeps_its_row_exactly(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    table = Composed().table(checkpoint, Vocabulary.from_tokenizer(checkpoint))
    pad = checkpoint.tokenizer.pad_id
    order = [id for id in range(checkpoint.tokenizer.size) if id != pad]
    assert_array_equal(table.vectors[1:], checkpoint.word_embeddings()[order])
    assert not table.vectors[0].any()


def test_a_word_is_the_mean_of_its_pieces(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    table = Composed().table(checkpoint, Vocabulary.from_words(["unheardof"], checkpoint))
    pieces = checkpoint.tokenizer.word_pieces(["unheardof"]).ids
    assert len(pieces) > 1
    expected = checkpoint.word_embeddings()[pieces].mean(axis=0)
    assert_allclose(table["unheardof"], expected, rtol=1e-5, atol=1e-6)


def test_means_of_more_words_than_are_gathered_at_once() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(6, 2)
    pieces = Ragged.of([[0, 2], [5]] * 10_000)
    assert_array_equal(mean_rows(matrix, pieces)[-2:], [[2, 3], [10, 11]])
