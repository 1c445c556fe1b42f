"""`Lookup`: stored rows of one-piece words, and zeros for all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import TableError
from wordgraft.sources import Lookup


def test_a_piece_keeps_its_row_exactly(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    table = Lookup().table(checkpoint, Vocabulary.from_tokenizer(checkpoint))
    pad = checkpoint.tokenizer.pad_id
    order = [id for id in range(checkpoint.tokenizer.size) if id != pad]
    assert_array_equal(table.vectors[1:], checkpoint.word_embeddings()[order])
    assert not table.vectors[0].any()


def test_words_of_several_pieces_are_left_at_zero(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    table = Lookup().table(checkpoint, Vocabulary.from_words(["a", "unheardof"], checkpoint))
    assert table["a"].any()
    assert not table["unheardof"].any()
    assert table.provenance.counts()["zero"] == 1


def test_it_needs_a_vocabulary(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    with pytest.raises(TableError, match="source 'lookup' needs a vocabulary; only 'contextual'"):
        Lookup().table(checkpoint, None)
