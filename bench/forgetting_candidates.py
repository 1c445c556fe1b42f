"""Methods against forgetting that wordgraft does not have, for bench/forgetting.py to measure.

Importing this module makes them available under their names: the regularizers `mixout`, `reinit`
and `gradual`, and the schedules `slanted` and `decay`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from wordgraft.core.schedules import SCHEDULES, WARM_UP, Factor
from wordgraft.training.param_groups import ROWS, depth_of, layers_of, part_of
from wordgraft.training.regularizers import REGULARIZERS, AppliedRegularizer, Regularizer


@dataclass(frozen=True)
class Mixout(Regularizer):
    """In each step, a `share` of each linear layer's weights are the pretrained ones.

    The remaining difference is scaled up, so that the mean stays the trained weight (Lee et al.
    2020).
    """

    name: ClassVar[str] = "mixout"
    share: float = 0.5

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        rows: Any = network.rows
        layers = [module for module in rows.modules() if isinstance(module, nn.Linear)]
        for layer in layers:
            parametrize.register_parametrization(layer, "weight", _Mix(layer.weight, self.share))
        return _Mixed(layers)


class _Mix(nn.Module):
    start: torch.Tensor

    def __init__(self, weight: torch.Tensor, share: float) -> None:
        super().__init__()
        self.register_buffer("start", weight.detach().clone(), persistent=False)
        self.share = share

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        if not self.training or not weight.requires_grad:
            return weight
        pretrained = torch.rand_like(weight) < self.share
        mixed = torch.where(pretrained, self.start, weight)
        return (mixed - self.share * self.start) / (1 - self.share)


class _Mixed(AppliedRegularizer):
    def __init__(self, layers: list[nn.Linear]) -> None:
        self.layers = layers

    def end(self) -> None:
        for layer in self.layers:
            weight = layer.parametrizations.weight.original.detach().clone()  # type: ignore[union-attr]
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
            layer.weight = nn.Parameter(weight)


class _Hooks(AppliedRegularizer):
    """Hooks that end with the training."""

    def __init__(self, hooks: list[Any]) -> None:
        self.hooks = hooks

    def end(self) -> None:
        for hook in self.hooks:
            hook.remove()


@dataclass(frozen=True)
class Reinit(Regularizer):
    """The top `layers` of the encoder start from random weights (Zhang et al. 2021)."""

    name: ClassVar[str] = "reinit"
    range: ClassVar[tuple[float, float]] = (1, 1_000)
    layers: int = 1

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        generator = torch.Generator().manual_seed(seed)
        for name, module in network.named_modules():
            if part_of(name) != ROWS or not [*module.parameters(recurse=False)]:
                continue
            if depth_of(network, f"{name}.weight") > layers_of(network) - self.layers:
                _randomize(module, generator)
        return AppliedRegularizer()


def _randomize(module: nn.Module, generator: torch.Generator) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.ndim > 1:
                parameter.normal_(0, 0.02, generator=generator)
            else:
                parameter.fill_(float(name == "weight"))  # of a norm; biases are zero


@dataclass(frozen=True)
class Gradual(Regularizer):
    """The head learns first; a layer more joins at equal distances (Howard and Ruder 2018).

    The embeddings join last, at half of `steps`.
    """

    name: ClassVar[str] = "gradual"
    range: ClassVar[tuple[float, float]] = (1, 1e9)
    steps: int = 1_000

    def apply(self, network: nn.Module, *, seed: int) -> AppliedRegularizer:
        top, step = layers_of(network) + 1, 0
        depths = {
            parameter: depth_of(network, name)
            for name, parameter in network.named_parameters()
            if part_of(name) == ROWS
        }

        def before_forward(*_: Any) -> None:
            nonlocal step
            if network.training:
                passed = 2 * step / self.steps
                for parameter, depth in depths.items():
                    parameter.requires_grad_(passed >= (top - depth) / top)
                step += 1

        return _Hooks([network.register_forward_pre_hook(before_forward)])


def slanted(steps: int) -> Factor:
    """A short rise, a long fall, never quite zero (Howard and Ruder 2018)."""
    cut, ratio = max(1, int(steps * WARM_UP)), 32

    def factor(step: int) -> float:
        step = min(step, steps)
        share = step / cut if step < cut else 1 - (step - cut) / max(1, steps - cut)
        return (1 + share * (ratio - 1)) / ratio

    return factor


def decay(steps: int) -> Factor:
    """A linear fall to zero, from the first step on."""
    return lambda step: max(0.0, 1 - step / max(1, steps))


REGULARIZERS |= {kind.name: kind for kind in (Mixout, Reinit, Gradual)}
SCHEDULES |= {"slanted": slanted, "decay": decay}
