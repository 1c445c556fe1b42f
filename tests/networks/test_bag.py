"""The bag network against its formula, and the starts of its layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from tables import random_table
from torch import nn

from wordgraft.grafts.torch import embedding_bag
from wordgraft.networks import NETWORKS, Bag
from wordgraft.networks.initialize import start

TABLE = random_table(40, 6)


def bag(*, seed: int = 0, dropout: float = 0.0, hidden: int = 5) -> Bag:
    rows = embedding_bag(TABLE, trainable=True)
    return NETWORKS["bag"](rows, 3, hidden=hidden, dropout=dropout, seed=seed)


def test_logits_are_those_of_the_formula_and_empty_texts_are_zeros() -> None:
    network = bag().eval()
    texts = [[3, 7, 7], [], [9]]
    ids, offsets = torch.tensor([3, 7, 7, 9]), torch.tensor([0, 3, 3])
    into, out = (layer for layer in network.head if isinstance(layer, nn.Linear))
    means = [TABLE.rows(text).mean(axis=0) if text else np.zeros(6) for text in texts]
    hidden = np.maximum(np.stack(means) @ into.weight.detach().numpy().T, 0)
    expected = hidden @ out.weight.detach().numpy().T
    with torch.inference_mode():
        assert_allclose(network(ids, offsets), expected, atol=1e-5)


def test_padding_does_not_count() -> None:
    network = bag().eval()
    with torch.inference_mode():
        padded = network(torch.tensor([3, 0, 7, 0]), torch.tensor([0]))
        assert torch.equal(padded, network(torch.tensor([3, 7]), torch.tensor([0])))


def test_dropout_is_for_training_alone() -> None:
    network, ids, offsets = bag(dropout=0.5, hidden=64), torch.tensor([3]), torch.tensor([0])
    torch.manual_seed(0)
    assert not torch.equal(network(ids, offsets), network(ids, offsets))
    network.eval()
    assert torch.equal(network(ids, offsets), network(ids, offsets))


def test_the_seed_is_the_start_and_the_callers_state_is_untouched() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    same, again, other = bag(seed=1), bag(seed=1), bag(seed=2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(same.head[1].weight, again.head[1].weight)
    assert not torch.equal(same.head[1].weight, other.head[1].weight)


@pytest.mark.parametrize(
    ("activation", "variance"),
    [("relu", 2 / 400), ("gelu", 2 / 400), ("tanh", 2 / 1000), ("none", 2 / 1000)],
)
def test_starts_have_the_variance_of_their_papers(activation: str, variance: float) -> None:
    layer = nn.Linear(400, 600)
    start(layer, activation=activation, generator=torch.Generator().manual_seed(0))
    assert float(layer.weight.detach().var()) == pytest.approx(variance, rel=0.02)
    assert not layer.bias.any()


def test_a_first_layer_can_be_changed_and_the_head_is_shared() -> None:
    network = bag().eval()
    bare = network.without_rows()
    assert not any(name.startswith("rows") for name in bare.state_dict())
    again = bare.regrafted(embedding_bag(TABLE, trainable=False))
    assert again.head is network.head
    ids, offsets = torch.tensor([3, 9]), torch.tensor([0])
    with torch.inference_mode():
        assert torch.equal(again(ids, offsets), network(ids, offsets))
