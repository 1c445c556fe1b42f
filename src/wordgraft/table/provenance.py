"""Where each row of a table came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int, Int32, UInt8
    from numpy import ndarray

# What the codes mean in `Provenance.source`.
ROW_ORIGINS = (
    "padding",
    "lookup",
    "composed",
    "isolated",
    "contextual",
    "unk",
    "zero",
    "pieces",
    "random",
    "trained",
    "file",
    "mean",
    "neighbours",
    "encoder",
    "blend",
    "case",
    "possessive",
    "url",
    "name",
    "number",
    "emoji",
    "hyphenated",
)
# Sources of vectors that an out-of-vocabulary method, a fallback or chance provided.
GUESSED = ("unk", "zero", "pieces", "random", *ROW_ORIGINS[ROW_ORIGINS.index("mean") :])


@dataclass(frozen=True, eq=False)
class Provenance:
    """Per row: the source of its vector, its number of pieces, and what a corpus contributed.

    Attributes:
        source: index into `ROW_ORIGINS`.
        pieces: how many pieces the checkpoint's tokenizer splits the word into.
        contexts: occurrences that were averaged; 0 for sources that need no corpus.
        spread: root-mean-square distance of those occurrences from their mean, before refinements;
            NaN without occurrences.
        shrinkage: weight, 0 to 1, of the word's template vector in its mean; NaN without a corpus.
    """

    source: UInt8[ndarray, " words"]
    pieces: Int32[ndarray, " words"]
    contexts: Int32[ndarray, " words"]
    spread: Float32[ndarray, " words"]
    shrinkage: Float32[ndarray, " words"]

    @classmethod
    def of(cls, sources: str | Sequence[str], pieces: Int[ndarray, " words"]) -> Provenance:
        """Rows made without a corpus, from one source or from one source each.

        >>> Provenance.of("isolated", np.array([1, 2])).counts()
        {'isolated': 2}
        """
        n = len(pieces)
        names = [sources] * n if isinstance(sources, str) else sources
        return cls(
            source=np.array([ROW_ORIGINS.index(name) for name in names], np.uint8),
            pieces=np.asarray(pieces, np.int32),
            contexts=np.zeros(n, np.int32),
            spread=np.full(n, np.nan, np.float32),
            shrinkage=np.full(n, np.nan, np.float32),
        )

    def __len__(self) -> int:
        return len(self.source)

    @property
    def empty(self) -> Bool[ndarray, " words"]:
        """Whether a row holds no vector: the padding, and words left at zero."""
        return np.isin(self.source, [ROW_ORIGINS.index("padding"), ROW_ORIGINS.index("zero")])

    @property
    def guessed(self) -> Bool[ndarray, " words"]:
        """Whether a row is from an out-of-vocabulary method or random: nothing to learn from."""
        return np.isin(self.source, [ROW_ORIGINS.index(name) for name in GUESSED])

    def counts(self) -> dict[str, int]:
        """How many rows are from each source, in the order of `ROW_ORIGINS`."""
        rows = np.bincount(self.source, minlength=len(ROW_ORIGINS))
        return {name: int(n) for name, n in zip(ROW_ORIGINS, rows, strict=True) if n}

    def arrays(self) -> dict[str, ndarray]:
        """The arrays by the names under which they are stored."""
        return {f"provenance.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, ndarray]) -> Provenance:
        """The inverse of `arrays`."""
        return cls(**{name: arrays[f"provenance.{name}"] for name in cls.__dataclass_fields__})

    def select(self, rows: ndarray) -> Provenance:
        """The provenance of some rows."""
        return Provenance(**{name: value[rows] for name, value in vars(self).items()})

    def append(self, other: Provenance) -> Provenance:
        """These rows, then the rows of `other`."""
        both = zip(vars(self).items(), vars(other).values(), strict=True)
        return Provenance(**{name: np.concatenate([a, b]) for (name, a), b in both})
