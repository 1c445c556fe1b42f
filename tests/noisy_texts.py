"""Small noisy texts of rows, and a bag that learns them."""

from __future__ import annotations

import numpy as np
import torch
from tables import random_table

from wordgraft.core.ragged import Ragged
from wordgraft.grafts.torch import embedding
from wordgraft.networks import Network
from wordgraft.networks.build import Shape, build
from wordgraft.networks.heads import ClassHead
from wordgraft.networks.rows import EmbeddingRows
from wordgraft.training.examples import Examples
from wordgraft.training.loop import train
from wordgraft.training.plan import Plan
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES

TABLE = random_table(60, 8)
PLAN = Plan(
    rows_rate=1e-2,
    head_rate=1e-2,
    batch_size=16,
    epochs=12,
    patience=3,
    validation_share=0.25,
    seed=0,
    device="cpu",
)


def noisy_texts(n: int = 120, *, wrong: float = 0.2, seed: int = 0) -> Examples:
    """Texts of five words, of class 1 if most of them are early ones; some labels are wrong."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(2, 40, (n, 5))
    classes = (rows < 21).sum(axis=1) > 2
    flipped = rng.random(n) < wrong
    return Examples(Ragged.of(rows.tolist()), (classes ^ flipped).astype(np.int64))


def bag_on(
    layer: torch.nn.Embedding, *, seed: int = 0, weights: np.ndarray | None = None
) -> Network:
    shape = Shape("bag", 8, 1, 16, 0.1, per_word=False, casing=False, letters=False, seed=seed)
    return build(
        EmbeddingRows(layer),
        shape,
        lambda width, generator: ClassHead(width, 2, generator=generator, weight=weights),
    )


def train_bag(
    plan: Plan = PLAN,
    regime: str = "embeddings",
    *,
    examples: Examples | None = None,
    class_weights: np.ndarray | None = None,
) -> tuple[Network, RunRecord]:
    rows = embedding(TABLE, trainable=REGIMES[regime].trainable_rows)
    network = bag_on(rows, seed=plan.seed, weights=class_weights)
    record = train(
        network,
        noisy_texts() if examples is None else examples,
        plan,
        regime=REGIMES[regime],
        names=("bag", "table"),
    )
    return network, record
