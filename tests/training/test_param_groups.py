"""Learning rates of parameters by part and depth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from encoder_inputs import mean_network

from wordgraft.checkpoint import open_checkpoint
from wordgraft.networks.network import Network
from wordgraft.training.param_groups import Rates, depth_of, learning, parameter_groups
from wordgraft.training.regularizers import (
    LayerDecay,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def network(tiny_checkpoint: Tiny) -> Network:
    return mean_network(open_checkpoint(tiny_checkpoint("bert")))


def test_layer_decay_slows_the_lower_layers_but_not_the_head(network: Network) -> None:
    decay = LayerDecay(0.5)
    groups = parameter_groups(
        network, Rates(1e-3, 1e-2, 1e-1), weight_decay=0.01, factor=lambda d: decay.factor(d, 4)
    )
    rate_of = {id(p): group["lr"] for group in groups for p in group["params"]}
    decay_of = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    expected = {0: 1.25e-4, 1: 2.5e-4, 2: 5e-4, 3: 1e-3, 4: 1e-1}
    for name, parameter in learning(network):
        assert rate_of[id(parameter)] == pytest.approx(expected[depth_of(network, name)]), name
        assert decay_of[id(parameter)] == (0.01 if parameter.ndim > 1 else 0), name
    assert len(rate_of) == sum(1 for _ in learning(network))
