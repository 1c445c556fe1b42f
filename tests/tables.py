"""Small tables with known numbers, made without a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from wordgraft.table import EmbeddingTable, Provenance
from wordgraft.vocabulary import Vocabulary

# A recipe with a folder that is nobody's business.
RECIPE = {
    "source": "isolated",
    "checkpoint": "org/encoder@v2",
    "layer": 6,
    "corpus": [["/home/me/secret/news.txt", 3]],
    "refinements": [{"name": "scale", "rms": 0.3}],
}


def vocabulary_of(words: Sequence[str], counts: Sequence[int] | None = None) -> Vocabulary:
    """`[PAD]`, `[UNK]` and then `words`; text is lower-cased and cut as BERT cuts it."""
    every = ("[PAD]", "[UNK]", *words)
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(every)}, "[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    seen = np.array([0, 0, *(counts or [0] * len(words))], np.int64)
    return Vocabulary(every, seen, "words", tokenizer, {"pad": 0, "unk": 1})


def table_of(
    words: Sequence[str],
    vectors: Sequence[Sequence[float]] | np.ndarray,
    *,
    unk: float = 0.0,
    counts: Sequence[int] | None = None,
    **fields: Any,
) -> EmbeddingTable:
    """A table in which `words` have `vectors`; the padding is zero, the unk row all `unk`."""
    rows = np.asarray(vectors, np.float32)
    roles = np.outer([0, 1], np.full(rows.shape[1], unk, np.float32))
    sources = ["padding", "unk", *["file"] * len(words)]
    provenance = Provenance.of(sources, np.ones(len(sources), np.int32))
    vectors = np.concatenate([roles, rows]).astype(np.float32)
    return EmbeddingTable(vectors, vocabulary_of(words, counts), provenance, **fields)


def random_table(n: int = 200, dims: int = 8, seed: int = 0, **fields: Any) -> EmbeddingTable:
    """`n` words with correlated vectors around a mean that is not zero, and Zipfian counts."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dims, dims))
    vectors = rng.normal(size=(n, dims)) @ mixing + rng.normal(size=dims)
    counts = [1 + 1000 // (rank + 1) for rank in range(n)]
    return table_of([f"w{i}" for i in range(n)], vectors, unk=2.0, counts=counts, **fields)
