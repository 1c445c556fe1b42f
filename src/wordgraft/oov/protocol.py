"""What every method for unknown words offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class OovMethod(Protocol):
    """Fitted on a table, gives vectors to words that have no row there."""

    name: ClassVar[str]

    @classmethod
    def fit(cls, table: EmbeddingTable, checkpoint: Checkpoint) -> UnknownWords:
        """Learn from the rows of `table`; the state returned is saved with it."""
        ...

    def __init__(self, table: EmbeddingTable) -> None:
        """Take up the state that `table` carries."""
        ...

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        """A vector in the table's space for each word."""
        ...
