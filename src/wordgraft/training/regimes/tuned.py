"""`tuned`: the rows of words learn; the layers of an encoder above them stay."""

from __future__ import annotations

from wordgraft.training.regimes.protocol import Regime


class Tuned(Regime):
    """The same as `full` for the rows of a table."""

    def learns(self, depth: int, top: int, passed: float) -> bool:
        """The lowest alone."""
        return depth == 0


TUNED = Tuned("tuned", trainable_rows=True)
