"""Pieces: the mean of the rows of a word's pieces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.testing import assert_allclose
from oov_tables import WORDS

from wordgraft import Vocabulary, build_table, method_of, open_checkpoint


@pytest.fixture(params=["bert", "roberta", "deberta_v2"])
def folder(request: pytest.FixtureRequest, tiny_checkpoint: Callable[[str], Path]) -> Path:
    return tiny_checkpoint(request.param)


def test_pieces_are_the_mean_of_the_rows(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = build_table(checkpoint, vocabulary, source="composed", refinements=())
    pieces = checkpoint.tokenizer.word_pieces(["sunrain"]).ids
    expected = checkpoint.word_embeddings()[pieces].mean(axis=0)
    assert_allclose(method_of(table).vectors(["sunrain"])[0], expected, atol=2e-3)
