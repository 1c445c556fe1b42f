"""A table of pieces that the tests of several formats write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import wordgraft as wg


@pytest.fixture(scope="module")
def pieces(tiny_checkpoint: Callable[[str], Path]) -> wg.EmbeddingTable:
    """A table of a checkpoint's own pieces, whose padding is not its first."""
    checkpoint = wg.open_checkpoint(tiny_checkpoint("roberta"))
    vocabulary = wg.Vocabulary.from_tokenizer(checkpoint)
    return wg.build_table(checkpoint, vocabulary, source="lookup", refinements=())
