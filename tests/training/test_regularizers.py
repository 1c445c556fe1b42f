"""Guards on plain modules and a tiny encoder: what each does to rates, gradients and weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose
from torch import Generator, nn

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import TrainingError
from wordgraft.networks.encoder import EncoderRows, Pooling
from wordgraft.networks.inputs import Inputs
from wordgraft.networks.network import Network
from wordgraft.training.param_groups import Rates, depth_of, learning, parameter_groups
from wordgraft.training.regularizers import Decay, L2sp, Lora, Mixout, Reinit, Wise, parse_guards
from wordgraft.training.regularizers.wise import interpolated, snapshot

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


def test_decay_slows_the_lower_layers_and_spares_the_head(network: Network) -> None:
    guard = Decay(0.5)
    groups = parameter_groups(
        network, Rates(1e-3, 1e-2, 1e-1), weight_decay=0.01, factor=lambda d: guard.factor(d, 4)
    )
    rate_of = {id(p): group["lr"] for group in groups for p in group["params"]}
    decay_of = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    expected = {0: 1.25e-4, 1: 2.5e-4, 2: 5e-4, 3: 1e-3, 4: 1e-1}
    for name, parameter in learning(network):
        assert rate_of[id(parameter)] == pytest.approx(expected[depth_of(network, name)]), name
        assert decay_of[id(parameter)] == (0.01 if parameter.ndim > 1 else 0), name
    assert len(rate_of) == sum(1 for _ in learning(network))


def test_l2sp_adds_the_gradient_of_its_penalty(network: Network) -> None:
    watch = L2sp(0.3).on(network, seed=0)
    watch.rows_begin(head_trained=True)
    start = {name: each.detach().clone() for name, each in network.named_parameters()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=Generator().manual_seed(1)))
    network(INPUTS).pow(2).sum().backward()
    plain = {
        name: each.grad.clone()
        for name, each in network.named_parameters()
        if each.grad is not None
    }
    watch.before_step()
    for name, gradient in plain.items():
        pull = 0.3 * (network.get_parameter(name).detach() - start[name])
        expected = gradient + (pull if name.startswith("rows.") else 0)
        assert_allclose(network.get_parameter(name).grad, expected, rtol=1e-4, atol=1e-6)


def test_mixout_sets_a_share_back_and_keeps_the_mean(network: Network) -> None:
    layer = network.rows.model.encoder.layer[0].attention.self.query
    start = layer.weight.detach().clone()
    watch = Mixout(0.25).on(network, seed=0)
    learnt = start + 1.0
    with torch.no_grad():
        layer.parametrizations.weight.original.copy_(learnt)
    network.train()
    torch.manual_seed(0)
    drawn = torch.stack([layer.weight.detach() for _ in range(400)])
    # Weights at the start come out at start - share / (1 - share) * 0: the formula by hand.
    kept = (drawn - (learnt - 0.25 * start) / 0.75).abs() < 1e-5
    back = (drawn - (start - 0.25 * start) / 0.75).abs() < 1e-5
    assert bool((kept | back).all())
    assert float(back.float().mean()) == pytest.approx(0.25, abs=0.01)
    assert_allclose(drawn.mean(dim=0), learnt, atol=0.15)
    network.eval()
    assert torch.equal(layer.weight, learnt)
    watch.end()
    assert torch.equal(layer.weight, learnt)
    assert "rows.model.encoder.layer.0.attention.self.query.weight" in network.state_dict()
    assert layer.weight.requires_grad


def test_wise_ends_between_start_and_end(network: Network) -> None:
    start = snapshot(network)
    watch = Wise(0.25).on(network, seed=0)
    watch.rows_begin(head_trained=False)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    watch.end()
    rows = network.rows.model.encoder.layer[1].output.dense.weight
    name = "rows.model.encoder.layer.1.output.dense.weight"
    assert_allclose(rows.detach(), start[name] + 0.25, atol=1e-6)
    # A head drawn at random is no end of a line worth walking: it stays as trained.
    assert_allclose(network.head.weight.detach(), start["head.weight"] + 1, atol=1e-6)


def test_interpolation_keeps_whole_numbers_and_names_the_start_lacks() -> None:
    start = {"a": torch.tensor([0.0, 2.0]), "n": torch.tensor([1])}
    end = {"a": torch.tensor([1.0, 4.0]), "n": torch.tensor([3]), "head": torch.tensor([9.0])}
    mixed = interpolated(start, end, 0.5)
    assert {name: each.tolist() for name, each in mixed.items()} == {
        "a": [0.5, 3.0],
        "n": [3],
        "head": [9.0],
    }


def test_reinit_draws_the_top_layers_and_no_others(network: Network) -> None:
    start = snapshot(network)
    Reinit(2).on(network, seed=3)
    changed = {
        depth_of(network, name)
        for name, tensor in network.state_dict().items()
        if not torch.equal(tensor, start[name])
    }
    assert changed == {2, 3}
    top = network.rows.model.encoder.layer[2]
    assert float(top.intermediate.dense.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
    assert top.output.LayerNorm.weight.unique().tolist() == [1]
    assert top.output.LayerNorm.bias.unique().tolist() == [0]
    with pytest.raises(TrainingError, match="reinit of 4 layers: these rows have 3"):
        Reinit(4).on(network, seed=0)


def test_lora_learns_small_matrices_that_end_in_the_weights(network: Network) -> None:
    before, names = output(network), set(network.state_dict())
    watch = Lora(2).on(network, seed=0)
    assert_allclose(output(network), before, atol=1e-6)  # the second matrix starts at zero
    learns = [name for name, _ in network.rows.named_parameters() if watch.may_learn(name)]
    # Query, key, value, output and two dense layers, in three layers, two matrices each.
    assert len(learns) == 3 * 6 * 2
    with torch.no_grad():
        for name in learns:
            network.rows.get_parameter(name).add_(0.05)
    adapted = output(network)
    assert float((adapted - before).abs().max()) > 1e-3
    watch.end()
    assert set(network.state_dict()) == names
    assert_allclose(output(network), adapted, atol=1e-5)


def test_guards_by_name() -> None:
    assert parse_guards("decay:0.8, l2sp,wise:0.5") == (Decay(0.8), L2sp(), Wise(0.5))
    assert parse_guards(None) == parse_guards("none") == ()
    for text, message in {
        "ewc": "no guard 'ewc'; there are decay, l2sp, mixout",
        "decay,decay": "guard decay is named twice",
        "decay:x": "'decay:x': expected decay:float",
        "mixout:1": "share of mixout is 1, expected 0 to 0.95",
        "reinit:0": "layers of reinit is 0, expected 1 to",
        "lora,mixout": "lora leaves the weights that mixout",
    }.items():
        with pytest.raises(TrainingError, match=message):
            parse_guards(text)
