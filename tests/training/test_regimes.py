"""Which weights of a tiny encoder move under each regime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from learning import network_of, run, weights_of

from wordgraft.networks.network import Network
from wordgraft.training.param_groups import depth_of

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def changed(network: Network, start: dict[str, torch.Tensor]) -> set[int]:
    """Depths at which weights moved; 4 is the head."""
    return {
        depth_of(network, name)
        for name, tensor in network.state_dict().items()
        if not torch.equal(tensor, start[name])
    }


@pytest.mark.parametrize(
    ("regime", "depths"),
    [
        ("frozen", {4}),
        ("embeddings", {0, 4}),
        ("full", {0, 1, 2, 3, 4}),
        ("lp-ft", {0, 1, 2, 3, 4}),
    ],
)
def test_what_learns_under_each_regime(regime: str, depths: set[int], folder: Path) -> None:
    start = weights_of(network_of(folder))
    network, record = run(folder, regime=regime)
    assert changed(network, start) == depths
    assert record.losses[-1] < record.losses[0]
    learnt = sum(
        each.numel()
        for name, each in network.named_parameters()
        if depth_of(network, name) in depths
    )
    assert record.parameters == learnt
