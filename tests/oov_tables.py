"""Tables with each out-of-vocabulary method fitted, made once and shared by tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from wordgraft import EmbeddingTable, Vocabulary, build_table, method_of, open_checkpoint, with_oov
from wordgraft.oov import Blend

WORDS = ["sun", "rain", "warm", "cold", "the", "a", "tree", "garden", "gardens", "warmer", "rains"]
TEXTS = [" ".join(WORDS), "the the the a a rain"]
ASKED = ["unheard", "of", "gardener", "raining", "sunn", "warmest", "zzz", "trees"]


@cache
def raw_table(folder: Path) -> EmbeddingTable:
    """The words of `TEXTS`, not refined, with the unk row for all other words."""
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_texts(TEXTS, checkpoint)
    return build_table(checkpoint, vocabulary, oov="unk", refinements=())


@cache
def fitted(folder: Path, name: str, seed: int = 0) -> EmbeddingTable:
    """The raw table with a method fitted to it."""
    return fit_again(folder, name, seed)


def fit_again(folder: Path, name: str, seed: int = 0) -> EmbeddingTable:
    """As `fitted`, without looking whether that was done before."""
    method = Blend(epochs=0.5) if name == "blend" else name  # the usual ten take seconds
    return with_oov(raw_table(folder), method, seed=seed)


def asked_vectors(table: EmbeddingTable) -> np.ndarray:
    """The vectors of `ASKED` by the table's method."""
    return method_of(table).vectors(ASKED)
