"""`l2sp`: a penalty on the distance of the encoder's weights from their start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from wordgraft.core.optional import require
from wordgraft.training.param_groups import ROWS, part_of
from wordgraft.training.regularizers.protocol import AppliedRegularizer, Regularizer

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class L2sp(Regularizer):
    """`strength / 2` times the squared distance of the rows from their start is added to the loss.

    Its gradient is added to that of the loss, which is cheaper than to compute the penalty itself.
    After Li et al. 2018 (L2-SP), section 3.2. Body and head have no penalty.
    """

    name: ClassVar[str] = "l2sp"
    range: ClassVar[tuple[float, float]] = (0.0, 1e6)
    strength: float = 0.01

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        """Copy the start of the rows."""
        return _Penalty(network, self.strength)


class _Penalty(AppliedRegularizer):
    def __init__(self, network: nn.Module, strength: float) -> None:
        self.network, self.strength = network, strength
        self.start = {
            name: parameter.detach().clone()
            for name, parameter in network.named_parameters()
            if part_of(name) == ROWS
        }

    def before_step(self) -> None:
        torch = require("torch", purpose="the regularizer l2sp")
        weights, starts, gradients = [], [], []
        for name, parameter in self.network.named_parameters():
            if name in self.start and parameter.grad is not None:
                # Training may be on another device than the start was copied on.
                self.start[name] = self.start[name].to(parameter.device)
                weights.append(parameter.detach())
                starts.append(self.start[name])
                gradients.append(parameter.grad)
        if gradients:
            distance = torch._foreach_sub(weights, starts)
            torch._foreach_add_(gradients, distance, alpha=self.strength)
