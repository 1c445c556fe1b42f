"""The parts of a network, by the names of its parameters: rows, body, head, and their depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

ROWS, BODY, HEAD = "rows", "body", "head"


@dataclass(frozen=True)
class Rates:
    """Learning rates of the three parts of a network."""

    rows: float
    body: float
    head: float

    def of(self, name: str) -> float:
        """The rate of the part that a parameter belongs to."""
        return float(getattr(self, part_of(name)))


def part_of(name: str) -> str:
    """`rows`, `body` or `head`, of a parameter's name."""
    return name.partition(".")[0]


def layers_of(network: nn.Module) -> int:
    """How many layers the rows have that can learn one after the other; 0 for a table's rows."""
    return int(getattr(network.rows, "layers", 0))


def depth_of(network: nn.Module, name: str) -> int:
    """How deep a parameter lies: 0 for rows and embeddings, then the layers, then all above."""
    part, _, rest = name.partition(".")
    if part != ROWS:
        return layers_of(network) + 1
    own = getattr(network.rows, "depth_of", None)
    return int(own(rest)) if own is not None else 0


def learning(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and parameters that can learn as the network stands."""
    return ((name, each) for name, each in network.named_parameters() if each.requires_grad)


def parameter_groups(
    network: nn.Module,
    rates: Rates,
    *,
    weight_decay: float = 0.0,
    factor: Callable[[int], float] = lambda _: 1.0,
) -> list[dict[str, Any]]:
    """Groups for a torch optimizer: parameters of one rate and one weight decay together.

    `factor` turns a depth into what the part's rate is multiplied by. Biases, norms and whatever
    else has one dimension are not decayed.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in learning(network):
        rate = rates.of(name) * factor(depth_of(network, name))
        decay = weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": params, "lr": rate, "weight_decay": decay}
        for (rate, decay), params in groups.items()
    ]
