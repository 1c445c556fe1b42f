"""LoRA on a tiny encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from encoder_inputs import INPUTS, mean_network
from noisy_texts import TABLE, bag_on
from numpy.testing import assert_allclose

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import TrainingError
from wordgraft.grafts.torch import embedding
from wordgraft.networks.network import Network
from wordgraft.training.regularizers import (
    Lora,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def network(tiny_checkpoint: Tiny) -> Network:
    return mean_network(open_checkpoint(tiny_checkpoint("bert")))


def output(network: Network) -> torch.Tensor:
    with torch.no_grad():
        return network(INPUTS)


def test_lora_learns_small_matrices_that_are_added_to_the_weights(network: Network) -> None:
    before, names = output(network), set(network.state_dict())
    adapters = Lora(2).apply(network, seed=0)
    assert_allclose(output(network), before, atol=1e-6)  # the second matrix starts at zero
    learns = [name for name, _ in network.rows.named_parameters() if adapters.may_learn(name)]
    # Query, key, value, output and two dense layers, in three layers, two matrices each.
    assert len(learns) == 3 * 6 * 2
    with torch.no_grad():
        for name in learns:
            network.rows.get_parameter(name).add_(0.05)
    adapted = output(network)
    assert float((adapted - before).abs().max()) > 1e-3
    adapters.end()
    assert set(network.state_dict()) == names
    assert_allclose(output(network), adapted, atol=1e-5)


def test_rows_without_linear_layers_are_refused() -> None:
    with pytest.raises(TrainingError, match="lora needs an encoder with linear layers"):
        Lora().apply(bag_on(embedding(TABLE, trainable=True)), seed=0)
