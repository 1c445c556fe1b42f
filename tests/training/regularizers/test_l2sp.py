"""L2-SP: the gradient of the penalty, and weights that stay closer to their start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from learning import PLAN, network_of, run, weights_of
from noisy_texts import TABLE, bag_on
from torch.testing import assert_close

from wordgraft.grafts.torch import embedding
from wordgraft.training.regularizers import L2sp, parse_regularizers

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_the_gradient_of_the_penalty_joins_that_of_the_loss() -> None:
    network = bag_on(embedding(TABLE, trainable=True))
    applied = L2sp(0.5).apply(network, seed=0)
    start = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.25)
            parameter.grad = torch.ones_like(parameter)
    applied.before_step()
    for name, parameter in network.named_parameters():
        penalty = 0.5 * (parameter.detach() - start[name]) if name.startswith("rows.") else 0.0
        assert_close(parameter.grad, torch.ones_like(parameter) + penalty)


def test_what_has_no_gradient_gets_none() -> None:
    network = bag_on(embedding(TABLE, trainable=True))
    L2sp().apply(network, seed=0).before_step()
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_rows_stay_closer_to_their_start(folder: Path) -> None:
    start = weights_of(network_of(folder))

    def distance(regularizer: str) -> float:
        plan = replace(PLAN, regularizers=parse_regularizers(regularizer), schedule="constant")
        network, record = run(folder, plan)
        assert record.regularizers == (() if regularizer == "none" else (regularizer,))
        return sum(
            float((tensor - start[name]).square().sum())
            for name, tensor in network.state_dict().items()
            if name.startswith("rows.")
        )

    weak, strong = distance("l2sp:0.01"), distance("l2sp:10")
    assert strong < 0.8 * weak <= 0.8 * distance("none")
