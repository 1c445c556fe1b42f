"""The table that models are trained on, once for each test file, and the log of commands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny import SENTENCES

from wordgraft import EmbeddingTable, Vocabulary, build_table, open_checkpoint


@pytest.fixture(scope="module")
def table(tiny_checkpoint: Callable[[str], Path]) -> EmbeddingTable:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    return build_table(checkpoint, Vocabulary.from_texts(SENTENCES[:25], checkpoint))


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """A command that a test calls sends the log to an output that ends with it."""
    log = logging.getLogger("wordgraft")
    before = log.handlers, log.level, log.propagate
    yield
    log.handlers, log.propagate = before[0], before[2]
    log.setLevel(before[1])
