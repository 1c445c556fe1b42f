"""What every source of vectors offers."""

from __future__ import annotations

from typing import ClassVar, Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary


class Source(Protocol):
    """A frozen value: how a vector is made for each word, with the options of that source alone.

    Attributes:
        name: what the source is called in recipes and on the command line.
        finds_words: whether it can take the words from elsewhere when it is given no vocabulary.
    """

    name: ClassVar[str]
    finds_words: ClassVar[bool]

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        """A raw table: not refined, row 0 zeros, provenance and recipe filled in.

        Raises `CheckpointError` for weights that hold NaN, and `TableError` without a vocabulary
        when the source cannot find words itself.
        """
        ...
