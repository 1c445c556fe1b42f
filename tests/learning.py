"""A tiny encoder and a task that it can learn: whether a text holds the word `bank`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny import SENTENCES
from torch import Generator, nn

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.networks.encoder import EncoderRows, Pooling
from wordgraft.networks.heads import ClassHead
from wordgraft.networks.network import Network
from wordgraft.training.examples import Examples
from wordgraft.training.loop import train
from wordgraft.training.plan import Plan
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES

PLAN = Plan(
    rows_rate=3e-4,
    head_rate=3e-3,
    batch_size=16,
    epochs=4,
    patience=100,
    validation_share=0,
    seed=0,
    by_length=True,
    schedule="linear",
    head_only_epochs=5,
    precision="float32",
    device="cpu",
)


def network_of(folder: Path, *, dropout: bool = False, how: str = "mean") -> Network:
    rows = EncoderRows(open_checkpoint(folder))
    head = ClassHead(rows.dims, 2, generator=Generator().manual_seed(0))
    network = Network(rows, Pooling(rows.dims, how, dropout=0.1), head)
    if not dropout:
        for part in network.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
    return network


def examples_of(folder: Path, times: int = 1) -> Examples:
    texts = SENTENCES * times
    targets = np.array([int("market" in text or "bank" in text) for text in texts])
    return Examples(sequences_of(open_checkpoint(folder), texts), targets)


def run(
    folder: Path, plan: Plan = PLAN, regime: str = "full", **options: Any
) -> tuple[Network, RunRecord]:
    network = options.pop("network", None) or network_of(
        folder, dropout=options.pop("dropout", False)
    )
    examples = options.pop("examples", None) or examples_of(folder)
    record = train(
        network, examples, plan, regime=REGIMES[regime], names=("encoder", "checkpoint"), **options
    )
    return network, record


def weights_of(network: Network) -> dict[str, torch.Tensor]:
    return {name: each.detach().clone() for name, each in network.state_dict().items()}
