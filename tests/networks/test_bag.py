"""The bag network against its formula, and the starts of layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from tables import random_table
from torch import nn

from wordgraft.grafts.torch import embedding
from wordgraft.networks import Network, build
from wordgraft.networks.build import Shape
from wordgraft.networks.heads import ClassHead
from wordgraft.networks.initialize import start
from wordgraft.networks.inputs import Inputs
from wordgraft.networks.rows import EmbeddingRows

TABLE = random_table(40, 6)


def bag(*, seed: int = 0, dropout: float = 0.0, hidden: int = 5) -> Network:
    shape = Shape("bag", 6, 1, hidden, dropout, False, False, False, seed)
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    return build(rows, shape, lambda width, rng: ClassHead(width, 3, generator=rng))


def inputs(*texts: list[int]) -> Inputs:
    flat = [id for text in texts for id in text]
    lengths = torch.tensor([len(text) for text in texts])
    return Inputs(torch.tensor(flat, dtype=torch.int64), lengths, {})


def test_logits_are_those_of_the_formula_and_empty_texts_are_zeros() -> None:
    network = bag().eval()
    texts = [[3, 7, 7], [], [9]]
    into, out = network.body.layers[1], network.head.linear
    means = [TABLE.rows(text).mean(axis=0) if text else np.zeros(6) for text in texts]
    hidden = np.maximum(np.stack(means) @ into.weight.detach().numpy().T, 0)
    expected = hidden @ out.weight.detach().numpy().T
    with torch.inference_mode():
        assert_allclose(network(inputs(*texts)), expected, atol=1e-5)
        assert_allclose(network(inputs([], [])), np.zeros((2, 3)), atol=1e-7)


def test_dropout_is_for_training_alone() -> None:
    network, batch = bag(dropout=0.5, hidden=64), inputs([3])
    torch.manual_seed(0)
    assert not torch.equal(network(batch), network(batch))
    network.eval()
    assert torch.equal(network(batch), network(batch))


def test_the_seed_is_the_start_and_the_callers_state_is_untouched() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    same, again, other = bag(seed=1), bag(seed=1), bag(seed=2)
    assert torch.equal(before, torch.random.get_rng_state())
    first, second, third = (each.head.linear.weight for each in (same, again, other))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


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
    again = bare.regrafted(EmbeddingRows(embedding(TABLE, trainable=False)))
    assert again.head is network.head
    batch = inputs([3, 9])
    with torch.inference_mode():
        assert torch.equal(again(batch), network(batch))
