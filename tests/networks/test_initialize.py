"""Initial weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from wordgraft.networks.initialize import start, start_recurrent


@pytest.mark.parametrize(
    ("activation", "variance"),
    [("relu", 2 / 400), ("gelu", 2 / 400), ("tanh", 2 / 1000), ("none", 2 / 1000)],
)
def test_initial_weights_have_the_variance_of_their_papers(
    activation: str, variance: float
) -> None:
    layer = nn.Linear(400, 600)
    start(layer, activation=activation, generator=torch.Generator().manual_seed(0))
    assert float(layer.weight.detach().var()) == pytest.approx(variance, rel=0.02)
    assert not layer.bias.any()


def test_recurrent_weights_are_orthogonal_and_forget_gates_open() -> None:
    lstm = nn.LSTM(3, 4)
    start_recurrent(lstm, generator=torch.Generator().manual_seed(0))
    for gate in lstm.weight_hh_l0.detach().chunk(4):
        assert_allclose(gate @ gate.T, np.eye(4), atol=1e-5)
    assert lstm.bias_ih_l0.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert not lstm.bias_hh_l0.any()
