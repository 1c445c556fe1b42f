"""`wise`: after training, weights between the start and the end (WiSE-FT)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from wordgraft.training.param_groups import ROWS, part_of
from wordgraft.training.regularizers.protocol import Guard, Watch


@dataclass(frozen=True)
class Wise(Guard):
    """`(1 - a) * start + a * trained` for every weight, `a` being `share` (Wortsman et al. 2022).

    The start is where the rows began to learn: under `lp-ft` the head is then trained already, so
    that both ends of the line are networks of the task.
    """

    name: ClassVar[str] = "wise"
    share: float = 0.8

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Keep the start."""
        return _Line(network, self.share)


class _Line(Watch):
    ends_last = True

    def __init__(self, network: nn.Module, share: float) -> None:
        self.network, self.share = network, share
        self.start: dict[str, Tensor] = {}

    def rows_begin(self, *, head_trained: bool) -> None:
        self.start = start_of(self.network, head_trained=head_trained)

    def end(self) -> None:
        if self.start:
            between = interpolated(self.start, snapshot(self.network), self.share)
            self.network.load_state_dict(between)


def start_of(network: nn.Module, *, head_trained: bool) -> dict[str, Tensor]:
    """Where a line to the trained weights begins: all weights, or without a head drawn at random.

    A body without a phase of its own is no better than a head then. Names are those of plain
    modules, whatever a guard has put around them.
    """
    return {
        plain_name(name): tensor
        for name, tensor in snapshot(network).items()
        if (head_trained or part_of(name) == ROWS) and "lora_" not in name
    }


def plain_name(name: str) -> str:
    """The name of a weight once `mixout` and `lora` have ended."""
    return re.sub(r"parametrizations\.(\w+)\.original$", r"\1", name).replace(".base_layer.", ".")


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights, on the CPU."""
    return {name: each.detach().to("cpu", copy=True) for name, each in network.state_dict().items()}


def interpolated(
    start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """`(1 - share) * start + share * end`, name by name; whole numbers are those of `end`.

    A name that the start lacks, such as that of a head, is taken from the end.
    """
    return {
        name: (start[name] * (1 - share) + tensor * share).to(tensor.dtype)
        if name in start and tensor.is_floating_point()
        else tensor
        for name, tensor in end.items()
    }
