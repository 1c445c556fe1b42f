"""What each regularizer does to the rates and weights of a tiny encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import TrainingError
from wordgraft.networks.encoder import EncoderRows, Pooling
from wordgraft.networks.inputs import Inputs
from wordgraft.networks.network import Network
from wordgraft.training.param_groups import Rates, depth_of, learning, parameter_groups
from wordgraft.training.regularizers import LayerDecay, Lora, parse_regularizers

Tiny = Callable[[str], Path]
INPUTS = Inputs(torch.tensor([5, 20, 21, 6, 5, 30, 6]), torch.tensor([4, 3]), {})


@pytest.fixture
def network(tiny_checkpoint: Tiny) -> Network:
    rows = EncoderRows(open_checkpoint(tiny_checkpoint("bert")))
    body = Pooling(rows.dims, "mean", dropout=0.0)
    return Network(rows, body, nn.Linear(rows.dims, 2)).eval()  # type: ignore[arg-type]


def output(network: Network) -> torch.Tensor:
    with torch.no_grad():
        return network(INPUTS)


def test_layer_decay_slows_the_lower_layers_and_spares_the_head(network: Network) -> None:
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


def test_lora_learns_small_matrices_that_end_in_the_weights(network: Network) -> None:
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


def test_regularizers_by_name() -> None:
    assert parse_regularizers("layer_decay:0.8, lora") == (LayerDecay(0.8), Lora())
    assert parse_regularizers("lora:4") == (Lora(4),)
    assert parse_regularizers(None) == parse_regularizers("none") == ()
    for text, message in {
        "ewc": "unknown regularizer 'ewc'; expected one of layer_decay, lora, or none",
        "lora,lora": "regularizer lora is given twice",
        "layer_decay:x": "'layer_decay:x': expected layer_decay:float",
        "layer_decay:2": "rate of layer_decay is 2, expected 0 to 1",
        "lora:0": "rank of lora is 0, expected 1 to 4096",
    }.items():
        with pytest.raises(TrainingError, match=message):
            parse_regularizers(text)
