"""`mixout`: in each step, some weights are those of the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wordgraft.errors import TrainingError
from wordgraft.training.regularizers.protocol import Guard, Watch


@dataclass(frozen=True)
class Mixout(Guard):
    """A `share` of each linear layer's weights is set back to the start for one step.

    As dropout does, it makes up for that so that the mean stays the trained weights. After Lee et
    al. 2020. Raises `TrainingError` for rows without linear layers.
    """

    name: ClassVar[str] = "mixout"
    range: ClassVar[tuple[float, float]] = (0.0, 0.95)
    share: float = 0.5

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Put the mix before each linear layer of the rows."""
        layers = [each for each in network.rows.modules() if isinstance(each, nn.Linear)]  # type: ignore[union-attr]
        if not layers:
            raise TrainingError(
                "mixout works on the linear layers of the rows, and these rows have none; use it "
                "with network 'encoder', or l2sp, which works on any rows"
            )
        for layer in layers:
            parametrize.register_parametrization(layer, "weight", _Mix(layer.weight, self.share))
        return _Unmix(layers)


class _Mix(nn.Module):
    start: Tensor

    def __init__(self, weight: Tensor, share: float) -> None:
        super().__init__()
        self.register_buffer("start", weight.detach().clone(), persistent=False)
        self.share = share

    def forward(self, weight: Tensor) -> Tensor:
        if not self.training or not weight.requires_grad or not self.share:
            return weight
        back = torch.rand_like(weight) < self.share
        mixed = torch.where(back, self.start, weight)
        return (mixed - self.share * self.start) / (1 - self.share)


class _Unmix(Watch):
    def __init__(self, layers: list[nn.Linear]) -> None:
        self.layers = layers

    def end(self) -> None:
        for layer in self.layers:
            learnt = cast("Tensor", layer.parametrizations.weight.original)  # type: ignore[union-attr]
            weight = nn.Parameter(learnt.detach().clone(), requires_grad=learnt.requires_grad)
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
            layer.weight = weight
