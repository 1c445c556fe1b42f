"""`gradual`: layers join from the top down (Howard and Ruder 2018)."""

from __future__ import annotations

from wordgraft.training.regimes.protocol import Regime

# Share of the training after which everything learns.
_ALL_AFTER = 0.5


class Gradual(Regime):
    """The head alone first; one layer more joins at equal distances, the lowest halfway."""

    def learns(self, depth: int, top: int, passed: float) -> bool:
        """Whether the turn of this depth has come."""
        return passed >= _ALL_AFTER * (top - depth) / top


GRADUAL = Gradual("gradual", trainable_rows=True)
