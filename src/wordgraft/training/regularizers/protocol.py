"""`Regularizer`: settings of a method that keeps a network close to its pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import nn


class AppliedRegularizer:
    """What one regularizer does during one run. By default nothing."""

    def may_learn(self, name: str) -> bool:
        """Whether a parameter of the rows, named as in the network, may learn at all."""
        return True

    def before_step(self) -> None:
        """Called when the gradients of a step are complete, before they are clipped and used."""

    def end(self) -> None:
        """Called once after training. Leaves the network with plain modules and weights."""


@dataclass(frozen=True)
class Regularizer:
    """Settings of a regularizer. The first field is the one that `name:value` sets."""

    name: ClassVar[str]
    # The smallest and the largest value of the first field.
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def factor(self, depth: int, top: int) -> float:
        """Factor for the learning rate of parameters at `depth`; body and head lie at `top`."""
        return 1.0

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        """Prepare `network`, in place, before any of it learns."""
        return AppliedRegularizer()
