"""Interpolation between weights before and after training, against numbers by hand."""

from __future__ import annotations

import torch
from torch import nn

from wordgraft.training.interpolation import interpolated, snapshot


def test_integers_and_names_the_start_lacks_are_those_of_the_end() -> None:
    start = {"a": torch.tensor([0.0, 2.0]), "n": torch.tensor([1])}
    end = {"a": torch.tensor([1.0, 4.0]), "n": torch.tensor([3]), "head": torch.tensor([9.0])}
    mixed = interpolated(start, end, 0.25)
    assert {name: tensor.tolist() for name, tensor in mixed.items()} == {
        "a": [0.25, 2.5],
        "n": [3],
        "head": [9.0],
    }


def test_a_snapshot_does_not_follow_the_network() -> None:
    network = nn.ModuleDict({"rows": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    before = snapshot(network)
    with torch.no_grad():
        network["rows"].weight.add_(1.0)
    assert torch.equal(snapshot(network)["rows.weight"], before["rows.weight"] + 1)
