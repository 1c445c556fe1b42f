"""`l2sp`: weights are pulled towards where they started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from wordgraft.training.param_groups import ROWS, learning, part_of
from wordgraft.training.regularizers.protocol import Guard, Watch


@dataclass(frozen=True)
class L2sp(Guard):
    """`strength / 2` times the squared distance of the rows to their start joins the loss.

    Its gradient is added to the loss's own, which costs less than a term of the loss would. After
    Li et al. 2018, section 3.2.
    """

    name: ClassVar[str] = "l2sp"
    range: ClassVar[tuple[float, float]] = (0.0, 1e6)
    strength: float = 0.01

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Keep the start of the rows."""
        return _Pull(network, self.strength)


class _Pull(Watch):
    pulls = True

    def __init__(self, network: nn.Module, strength: float) -> None:
        self.network, self.strength = network, strength
        self.start: dict[str, Tensor] = {}

    def rows_begin(self, *, head_trained: bool) -> None:
        self.start = {
            name: parameter.detach().clone()
            for name, parameter in self.network.named_parameters()
            if part_of(name) == ROWS
        }

    def before_step(self) -> None:
        pulled = [
            (parameter, self.start[name])
            for name, parameter in learning(self.network)
            if name in self.start and parameter.grad is not None
        ]
        if not pulled:
            return
        parameters, starts = (list(each) for each in zip(*pulled, strict=True))
        away = torch._foreach_sub([each.detach() for each in parameters], starts)
        gradients = [each.grad for each in parameters if each.grad is not None]
        torch._foreach_add_(gradients, away, alpha=self.strength)
