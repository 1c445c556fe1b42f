"""`MethodSettings`: which methods a comparison trains, and what they take besides the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """Which methods to compare, and what they take besides the texts and the checkpoint.

    Args:
        names: of `wordgraft.comparison.METHODS`; by default all that can run.
        network: the network above the rows; by default `bag`, or `bilstm` for tagging.
        trials: settings that each method may try in a run.
        vectors: a file of word vectors of another tool, for the method `vectors`.
        corpus: files of more running text for `contextual`, in addition to the training texts.
        pairs: files of word pairs with similarity scores; fine-tuned encoders are measured on them
            before and after, to see what they forget.

    Example:
        >>> MethodSettings.of(["tfidf", "isolated"]).names
        ('tfidf', 'isolated')
    """

    names: Sequence[str] | None = None
    network: str | None = None
    trials: int = 1
    vectors: Path | str | None = None
    corpus: Sequence[str] = ()
    pairs: Sequence[Path | str] = ()

    @classmethod
    def of(cls, methods: MethodSettings | Sequence[str] | None) -> MethodSettings:
        """Settings as they are; names, or None, with the other settings' defaults."""
        if isinstance(methods, MethodSettings):
            return methods
        return cls(names=None if methods is None else tuple(methods))

    def network_of(self, task: str) -> str:
        """The network above the rows for a task."""
        return self.network or {"classify": "bag", "tag": "bilstm"}[task]
