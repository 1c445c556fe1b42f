"""What every method for unknown words offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class OovMethod(Protocol):
    """Fitted on a table, gives vectors to words that have no row there.

    A method either uses the table's own rows when it is asked, in combinations whose weights add
    up to one, or gives vectors of the space it was fitted in through `UnknownWords.move`: both
    follow whatever refinements come later.

    Attributes:
        name: by which it is chosen.
        learns: whether `fit` learns anything; one that does not can be had at any time.
        reads_pieces: whether `fit` looks for the checkpoint's pieces.
    """

    name: ClassVar[str]
    learns: ClassVar[bool]
    reads_pieces: ClassVar[bool]

    @classmethod
    def fit(
        cls,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
        **options: Any,
    ) -> UnknownWords:
        """Learn from the rows of `table`; the state returned is saved with it.

        `checkpoint` is None where none is at hand. Raises `TableError` for a table that nothing
        can be learnt from, or a method that cannot do without a checkpoint.
        """
        ...

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        """Take up a state that `fit` has returned."""
        ...

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        """A finite vector in the table's space for each word, whatever stands beside it."""
        ...
