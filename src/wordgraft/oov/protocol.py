"""What every out-of-vocabulary method offers: settings that are fitted, and the fitted method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.table import EmbeddingTable, OovState

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class FittedOov(Protocol):
    """A method that is ready to return vectors for out-of-vocabulary words of one table."""

    @property
    def name(self) -> str:
        """The name of the method."""
        ...

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        """A finite vector in the table's space for each word, independent of the other words."""
        ...


class OovMethod(Protocol):
    """A frozen value: the choice of a method, with the settings of that method alone.

    A fitted method either combines the table's own rows, with weights that add up to one, or maps
    vectors of the space in which it was fitted through `OovState.move`. Both follow any refinement
    that comes later.

    Attributes:
        name: what the method is called in recipes and on the command line.
        learns: whether `fit` learns anything; a method that does not needs no fit.
    """

    name: ClassVar[str]
    learns: ClassVar[bool]

    @property
    def reads_pieces(self) -> bool:
        """Whether `fit` uses the checkpoint's pieces."""
        ...

    def fit(
        self,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
    ) -> OovState:
        """Learn from the rows of `table`; the returned state is saved with the table.

        Raises `TableError` for a table with nothing to learn from, and without a checkpoint when
        the method needs one.
        """
        ...

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> FittedOov:
        """The fitted method of a state that `fit` returned."""
        ...
