"""Regimes: which parts of a network learn. To add one: one entry in `REGIMES`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """Which of the rows learn. Body and head always do.

    Attributes:
        name: as the command line spells it.
        trainable_rows: whether any of the rows learn.
        embeddings_only: whether the layers of an encoder stay as they are. Makes no difference to
            the rows of a table.
        head_first: whether body and head are trained alone before the rows begin to learn.

    >>> [REGIMES["embeddings"].learns(depth) for depth in (0, 1, 2)]
    [True, False, False]
    """

    name: str
    trainable_rows: bool
    embeddings_only: bool = False
    head_first: bool = False

    def learns(self, depth: int) -> bool:
        """Whether rows at this depth learn.

        Depth 0 holds a table's rows, or the embeddings of an encoder; its layers follow.
        """
        return self.trainable_rows and (depth == 0 or not self.embeddings_only)


REGIMES = {
    regime.name: regime
    for regime in (
        Regime("frozen", trainable_rows=False),
        Regime("embeddings", trainable_rows=True, embeddings_only=True),
        Regime("full", trainable_rows=True),
        # A randomly initialized head would distort the rows at first (Kumar et al. 2022).
        Regime("lp-ft", trainable_rows=True, head_first=True),
    )
}
