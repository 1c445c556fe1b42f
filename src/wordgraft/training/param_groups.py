"""Parameters of a network by part (rows, body, head) and depth, and their learning rates."""

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
        """The learning rate of a parameter, by its name."""
        return float(getattr(self, part_of(name)))


def part_of(name: str) -> str:
    """`rows`, `body` or `head`, from a parameter's name.

    >>> part_of("rows.layer.weight")
    'rows'
    """
    return name.partition(".")[0]


def layers_of(network: nn.Module) -> int:
    """The number of layers that the rows have above their embeddings; 0 for a table's rows."""
    return int(getattr(network.rows, "layers", 0))


def depth_of(network: nn.Module, name: str) -> int:
    """The depth of a parameter: 0 for rows and embeddings, then the layers, then body and head."""
    part, _, rest = name.partition(".")
    if part != ROWS:
        return layers_of(network) + 1
    depth_in_rows = getattr(network.rows, "depth_of", None)
    return int(depth_in_rows(rest)) if depth_in_rows is not None else 0


def learning(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and parameters of what currently learns."""
    return (
        (name, parameter)
        for name, parameter in network.named_parameters()
        if parameter.requires_grad
    )


def parameter_groups(
    network: nn.Module,
    rates: Rates,
    *,
    weight_decay: float = 0.0,
    factor: Callable[[int], float] = lambda _: 1.0,
) -> list[dict[str, Any]]:
    """Groups for a torch optimizer, one for each pair of learning rate and weight decay.

    `factor` gives, for each depth, a factor of the learning rate. Biases, norms and all other
    parameters of one dimension are not decayed.
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
