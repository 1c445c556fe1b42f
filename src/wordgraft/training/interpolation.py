"""Weights between those before and those after training (WiSE-FT, Wortsman et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights, on the CPU."""
    return {
        name: tensor.detach().to("cpu", copy=True) for name, tensor in network.state_dict().items()
    }


def interpolated(
    start: Mapping[str, Tensor], end: Mapping[str, Tensor], weight: float
) -> dict[str, Tensor]:
    """`(1 - weight) * start + weight * end` for each floating-point tensor.

    Integer tensors, and tensors that `start` lacks (such as those of a head), are taken from `end`.

    >>> import torch
    >>> before, after = {"w": torch.tensor([0.0, 2.0])}, {"w": torch.tensor([1.0, 4.0])}
    >>> interpolated(before, after, 0.5)["w"].tolist()
    [0.5, 3.0]
    """
    return {
        name: (start[name] * (1 - weight) + tensor * weight).to(tensor.dtype)
        if name in start and tensor.is_floating_point()
        else tensor
        for name, tensor in end.items()
    }
