"""`layer_decay`: layer-wise learning-rate decay; lower layers learn more slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wordgraft.training.regularizers.protocol import Regularizer


@dataclass(frozen=True)
class LayerDecay(Regularizer):
    """Each layer learns at `rate` times the rate of the layer above it (Howard and Ruder 2018).

    >>> [LayerDecay(0.5).factor(depth, top=3) for depth in range(4)]
    [0.25, 0.5, 1.0, 1.0]
    """

    name: ClassVar[str] = "layer_decay"
    rate: float = 0.9

    def factor(self, depth: int, top: int) -> float:
        """`rate` to the power of the number of layers above; 1 for body and head."""
        return float(self.rate ** max(0, top - 1 - depth)) if depth < top else 1.0
