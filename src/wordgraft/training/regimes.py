"""Regimes: which parts of a grafted network learn, and how fast. To add one: one entry here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Regime:
    """How training treats the grafted rows."""

    name: str
    trainable_rows: bool

    def parameter_groups(
        self, network: nn.Module, *, rows_rate: float, head_rate: float
    ) -> Iterator[dict[str, Any]]:
        """Groups for a torch optimizer: the rows (if they learn) and the rest, a rate each."""
        rows: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                (rows if name.startswith("rows.") else rest).append(parameter)
        if rows and self.trainable_rows:
            yield {"params": rows, "lr": rows_rate}
        yield {"params": rest, "lr": head_rate}


REGIMES = {
    regime.name: regime
    for regime in (
        Regime("frozen", trainable_rows=False),
        Regime("tuned", trainable_rows=True),
    )
}
