"""The table that models are trained on, once for each test file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import SENTENCES

from wordgraft import EmbeddingTable, Vocabulary, build_table, open_checkpoint


@pytest.fixture(scope="module")
def table(tiny_checkpoint: Callable[[str], Path]) -> EmbeddingTable:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    return build_table(checkpoint, Vocabulary.from_texts(SENTENCES[:25], checkpoint))
