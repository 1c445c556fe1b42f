"""One vector per word, from the checkpoint. To add a source: one file here, one entry below.

A source takes a checkpoint, a vocabulary and its own keyword options, and returns a raw
`EmbeddingTable`: not yet refined, the padding zero, provenance and recipe filled in.
"""

from __future__ import annotations

from collections.abc import Callable

from wordgraft.sources.composed import composed
from wordgraft.sources.contextual import Corpus, contextual
from wordgraft.sources.isolated import POOLINGS, TEMPLATE, isolated
from wordgraft.sources.lookup import lookup
from wordgraft.table import EmbeddingTable

SOURCES: dict[str, Callable[..., EmbeddingTable]] = {
    "lookup": lookup,
    "composed": composed,
    "isolated": isolated,
    "contextual": contextual,
}

__all__ = [
    "POOLINGS",
    "SOURCES",
    "TEMPLATE",
    "Corpus",
    "composed",
    "contextual",
    "isolated",
    "lookup",
]
