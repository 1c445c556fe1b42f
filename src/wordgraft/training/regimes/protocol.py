"""`Regime`: which parts of a network learn, and when. Body and head always do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """What a regime says of the rows.

    Attributes:
        name: as the command line takes it.
        trainable_rows: whether any of the rows ever learn.
        head_first: body and head learn by themselves before the rows begin to.
    """

    name: str
    trainable_rows: bool
    head_first: bool = False

    def learns(self, depth: int, top: int, passed: float) -> bool:
        """Whether rows of this depth learn once a share `passed` of the training is over.

        Depth 0 is a table's rows, or the embeddings of an encoder; its layers follow, and `top`
        stands above the last.
        """
        return self.trainable_rows
