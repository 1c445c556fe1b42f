"""Refinements: changes to all vectors of a table at once, each recorded in its recipe.

A refinement is fitted to the rows of words (not of roles) and then moves every row except those
that stay zero: the padding, and words without a vector. What it does to an unseen word
is stored with the table, so that an out-of-vocabulary method, fitted before or after, returns
vectors of the same space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

from wordgraft.core.linear_algebra import Principal, principal_directions
from wordgraft.core.named_values import parse_named_values
from wordgraft.errors import TableError
from wordgraft.table.affine import Affine, after
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

    from wordgraft.table.affine import Move

# Root-mean-square of a table's entries as they enter a network. Set by `make bench-scale`, see
# bench/results/scale.json.
DEFAULT_RMS = 0.3


class Refinement(Protocol):
    """Fitted to the rows of words, it returns the move that is then applied to all rows.

    For words of equal counts the move must be a linear map and a shift; others are refused.
    """

    name: ClassVar[str]

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move: ...


@dataclass(frozen=True)
class Center:
    """Subtract the mean of all words.

    >>> table.refine(Center())["sun"].round(2)
    array([ 0.67, -0.33, -0.33,  0.  ], dtype=float32)
    """

    name: ClassVar[str] = "center"

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        return lambda rows, _: rows - mean


@dataclass(frozen=True)
class Abtt:
    """All-but-the-top: subtract the mean and the `components` strongest directions.

    After Mu and Viswanath 2018; 3 was best of those tried with MiniLM's rows.
    """

    components: int = 3
    name: ClassVar[str] = "abtt"

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        mean, directions, _ = _principal(vectors, self.components)

        def move(
            rows: Float32[ndarray, "rows dims"], _: Int64[ndarray, " rows"]
        ) -> Float32[ndarray, "rows dims"]:
            centered = rows - mean
            moved: Float32[ndarray, "rows dims"] = centered - centered @ directions @ directions.T
            return moved

        return move


@dataclass(frozen=True)
class Pca:
    """Project onto the `dims` strongest directions of the centered vectors.

    >>> table.refine(Pca(2))
    <EmbeddingTable of 5 words, 2 dims, no recipe>
    """

    dims: int = 256
    name: ClassVar[str] = "pca"

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        mean, directions, _ = _principal(vectors, self.dims)
        return lambda rows, _: (rows - mean) @ directions


@dataclass(frozen=True)
class Whiten:
    """Project onto the `dims` strongest directions (0: all) and give each unit variance.

    A variance below `floor` times the largest counts as that floor, so that noise is not
    amplified.
    """

    dims: int = 0
    floor: float = 1e-3
    name: ClassVar[str] = "whiten"

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        mean, directions, variances = _principal(vectors, self.dims or vectors.shape[1])
        floored = np.maximum(variances, self.floor * variances.max(initial=0))
        whitening = directions / np.sqrt(np.maximum(floored, np.finfo(np.float32).tiny))
        return lambda rows, _: (rows - mean) @ whitening.astype(np.float32)


@dataclass(frozen=True)
class Sif:
    """Multiply each word by `a / (a + p)`, where `p` is its share of the running text.

    After Arora et al. 2017. It needs the counts of a vocabulary made from texts; the vector of an
    unseen word is not changed.

    >>> table.refine(Sif(a=0.1))["moon"].round(2)  # its share is 0.2
    array([0.  , 0.  , 0.33, 0.33], dtype=float32)
    """

    a: float = 1e-3
    name: ClassVar[str] = "sif"

    def __post_init__(self) -> None:
        if not 0 < self.a < np.inf:
            raise TableError(f"sif:{self.a:g}: expected a number above 0")

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        total = int(counts.sum())
        if not total:
            raise TableError(
                "sif needs word counts, and this vocabulary has none; make it with "
                "Vocabulary.from_texts"
            )
        return lambda rows, counts: (
            rows * (self.a / (self.a + counts / total)).astype(np.float32)[:, None]
        )


@dataclass(frozen=True)
class Scale:
    """Multiply all vectors by one number, so that their entries' root-mean-square is `rms`.

    >>> words = table.refine(Scale(0.3)).rows(table.word_rows)
    >>> round(float(np.sqrt(np.square(words).mean())), 3)
    0.3
    """

    rms: float = DEFAULT_RMS
    name: ClassVar[str] = "scale"

    def __post_init__(self) -> None:
        if not 0 < self.rms < np.inf:
            raise TableError(f"scale:{self.rms:g}: expected a number above 0")

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        rms = float(np.sqrt(np.mean(np.square(vectors), dtype=np.float64)))
        factor = np.float32(self.rms / rms if rms else 1.0)
        return lambda rows, _: rows * factor


REFINEMENTS: dict[str, type[Any]] = {
    kind.name: kind for kind in (Center, Abtt, Pca, Whiten, Sif, Scale)
}


def default_refinements(vocabulary: Vocabulary) -> tuple[Refinement, ...]:
    """Center, Sif if the vocabulary has counts, and Scale.

    Chosen on a validation part of the training texts: `make bench-scale`, bench/results/scale.json.
    """
    sif = (Sif(),) if vocabulary.counts.any() else ()
    return (Center(), *sif, Scale())


def parse_refinements(text: str) -> tuple[Refinement, ...]:
    """Refinements from text such as `center,pca:128,scale:0.5`; `none` for no refinements.

    Raises `TableError` for an unknown name or a value that is not a number.

    >>> parse_refinements("center,pca:128")
    (Center(), Pca(dims=128))
    """
    return tuple(parse_named_values(text, REFINEMENTS, what="refinement", error=TableError))


class Refined(NamedTuple):
    """What refinements made of the rows of a table.

    Attributes:
        vectors: float32 (rows, new dims).
        move: all of them as one move of an unseen word; None for no refinements.
        steps: each refinement as a recipe records it.
    """

    vectors: Float32[ndarray, "rows new_dims"]
    move: Affine | None
    steps: list[dict[str, Any]]


def apply_refinements(
    refinements: Sequence[Refinement],
    vectors: Float32[ndarray, "rows dims"],
    counts: Int64[ndarray, " rows"],
    *,
    words: Int64[ndarray, " words"],
    empty: Bool[ndarray, " rows"],
) -> Refined:
    """Fit each refinement to the rows `words`, then move all rows but the `empty` ones.

    Raises `TableError` when no word has a vector, and for values that are not finite afterwards.
    """
    if not len(words):
        raise TableError("no word of this table has a vector; there is nothing to refine")
    total: Affine | None = None
    steps: list[dict[str, Any]] = []
    for refinement in refinements:
        move = refinement.fit(vectors[words], counts[words])
        with np.errstate(over="ignore", invalid="ignore"):  # the result is checked below
            moved = move(vectors, counts)
        moved[empty] = 0
        if not np.isfinite(moved).all():
            raise TableError(f"{refinement.name} gave values that are not finite")
        total = after(total, Affine.of(move, vectors.shape[1], name=refinement.name))
        vectors = moved
        step = {"name": refinement.name, **asdict(refinement)}  # type: ignore[call-overload]
        if refinement.name == Sif.name:  # the total that shares refer to, even if rows are cut
            step["tokens"] = int(counts.sum())
        steps.append(step)
    return Refined(vectors, total, steps)


def _principal(vectors: Float32[ndarray, "words dims"], components: int) -> Principal:
    dims = vectors.shape[1]
    if not 1 <= components <= dims:
        raise TableError(
            f"{components} directions cannot be found in vectors of {dims} dimensions; "
            f"choose 1 to {dims}"
        )
    return principal_directions(vectors, components)
