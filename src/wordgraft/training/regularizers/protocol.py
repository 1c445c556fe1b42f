"""`Guard`: the settings of something that keeps a network near what it knew before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import nn


class Watch:
    """What one guard does during one run. Each method does nothing until a guard says otherwise.

    Attributes:
        ends_last: whether it ends behind those that put plain weights back.
        pulls: whether it gives each step a gradient for all rows, those that were not read too.
    """

    ends_last: ClassVar[bool] = False
    pulls: ClassVar[bool] = False

    def may_learn(self, name: str) -> bool:
        """Whether a parameter of the rows may learn, where the regime lets it."""
        return True

    def rows_begin(self, *, head_trained: bool) -> None:
        """Called when the rows begin to learn: after the head's own phase, where there is one."""

    def before_step(self) -> None:
        """Called when the gradients of a step are there."""

    def end(self) -> None:
        """Called once after training; leaves the network with plain modules and weights."""


@dataclass(frozen=True)
class Guard:
    """Settings of a guard. The first field is what `name:value` on the command line sets."""

    name: ClassVar[str]
    # What that field may be, from the first to the second.
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def factor(self, depth: int, top: int) -> float:
        """What the rate of a parameter is multiplied by; `top` is the depth of body and head."""
        return 1.0

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Change `network` as the guard needs it, before anything learns, and watch its run."""
        return Watch()
