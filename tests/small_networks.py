"""Every network on a small table, and inputs for them."""

from __future__ import annotations

import numpy as np
import torch
from tables import random_table

from wordgraft.grafts.torch import embedding
from wordgraft.networks.build import NETWORKS, Shape, build
from wordgraft.networks.heads import ClassHead, TagHead
from wordgraft.networks.input_features import CASING, LETTERS
from wordgraft.networks.inputs import NetworkInputs
from wordgraft.networks.network import Network
from wordgraft.networks.rows import EmbeddingRows

TABLE = random_table(40, 6)
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
FOR_TEXTS = [name for name, kind in NETWORKS.items() if kind.texts]
FOR_WORDS = [name for name, kind in NETWORKS.items() if kind.words]


def network(name: str, *, per_word: bool, seed: int = 0, spelling: bool = False) -> Network:
    shape = Shape(name, 6, 1, 16, 0.3, per_word, casing=spelling, letters=spelling, seed=seed)
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    if per_word:
        learned = NETWORKS[name].crf
        return build(
            rows, shape, lambda width, rng: TagHead(width, TAGS, learned=learned, generator=rng)
        )
    return build(rows, shape, lambda width, rng: ClassHead(width, 3, generator=rng))


def bag(*, seed: int = 0, dropout: float = 0.0, hidden: int = 5) -> Network:
    shape = Shape("bag", 6, 1, hidden, dropout, False, False, False, seed)
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    return build(rows, shape, lambda width, rng: ClassHead(width, 3, generator=rng))


def inputs(texts: list[list[int]], *, spelling: bool = False) -> NetworkInputs:
    flat = torch.tensor([id for text in texts for id in text], dtype=torch.int64)
    extras = {CASING: flat % 8, LETTERS: flat[:, None] % 30 + torch.arange(24)} if spelling else {}
    return NetworkInputs(flat, torch.tensor([len(text) for text in texts]), extras)


def logits(net: Network, texts: list[list[int]]) -> np.ndarray:
    with torch.inference_mode():
        return net.eval()(inputs(texts)).numpy()
