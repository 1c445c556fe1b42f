"""`decay`: the lower a layer, the slower it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wordgraft.training.regularizers.protocol import Guard


@dataclass(frozen=True)
class Decay(Guard):
    """Each layer's rate is `rate` times that of the layer above (Howard and Ruder 2018)."""

    name: ClassVar[str] = "decay"
    rate: float = 0.9

    def factor(self, depth: int, top: int) -> float:
        """`rate` to the power of the layers above; body and head keep their rates."""
        return float(self.rate ** max(0, top - 1 - depth)) if depth < top else 1.0
