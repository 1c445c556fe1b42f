"""Refinements: changes to all vectors of a table at once, each recorded in its recipe.

A refinement is fitted to the rows of words (the roles are left out) and then moves every row but
those that stay zero: the padding, and words without a vector. What it does to a word never seen is
kept with the table, so that a method for unknown words, fitted before or after, gives vectors of
the same space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from wordgraft.core.linear_algebra import Principal, principal_directions
from wordgraft.core.named_values import parse_named_values
from wordgraft.errors import TableError
from wordgraft.table.affine import Affine, after
from wordgraft.table.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

    from wordgraft.table.affine import Move

# Root-mean-square of a table's entries as they enter a network. Set by `make bench-scale`, see
# bench/results/scale.json.
DEFAULT_RMS = 0.3


class Refinement(Protocol):
    """Fitted to the rows of words, gives the move that is then made by all rows.

    For words of one count the move is a linear map and a shift; another kind is refused.
    """

    name: ClassVar[str]

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move: ...


@dataclass(frozen=True)
class Center:
    """Subtract the mean of all words."""

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
            centred = rows - mean
            moved: Float32[ndarray, "rows dims"] = centred - centred @ directions @ directions.T
            return moved

        return move


@dataclass(frozen=True)
class Pca:
    """Project on the `dims` strongest directions of the centred vectors."""

    dims: int = 256
    name: ClassVar[str] = "pca"

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        mean, directions, _ = _principal(vectors, self.dims)
        return lambda rows, _: (rows - mean) @ directions


@dataclass(frozen=True)
class Whiten:
    """Project on the `dims` strongest directions (0: all) and give each the variance 1.

    Directions whose variance is under `floor` times the strongest keep that floor, so that noise
    is not blown up.
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
    """Weigh each word by `a / (a + p)`, `p` its share of the running text.

    After Arora et al. 2017. Needs the counts of a vocabulary made from texts; a word that was
    never seen keeps its length.
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
                "Vocabulary.from_texts (--texts)"
            )
        return lambda rows, seen: (
            rows * (self.a / (self.a + seen / total)).astype(np.float32)[:, None]
        )


@dataclass(frozen=True)
class Scale:
    """Multiply all vectors by one number, so that their entries' root-mean-square is `rms`."""

    rms: float = DEFAULT_RMS
    name: ClassVar[str] = "scale"

    def __post_init__(self) -> None:
        if not 0 < self.rms < np.inf:
            raise TableError(f"scale:{self.rms:g}: expected a number above 0")

    def fit(
        self, vectors: Float32[ndarray, "words dims"], counts: Int64[ndarray, " words"]
    ) -> Move:
        found = float(np.sqrt(np.mean(np.square(vectors), dtype=np.float64)))
        factor = np.float32(self.rms / found if found else 1.0)
        return lambda rows, _: rows * factor


REFINEMENTS: dict[str, type[Any]] = {
    kind.name: kind for kind in (Center, Abtt, Pca, Whiten, Sif, Scale)
}


def default_refinements(vocabulary: Vocabulary) -> tuple[Refinement, ...]:
    """Centred, frequent words weighed down if there are counts to tell them by, and scaled.

    Chosen on held-out training texts: `make bench-scale`, bench/results/scale.json.
    """
    weighed = (Sif(),) if vocabulary.counts.any() else ()
    return (Center(), *weighed, Scale())


def parse_refinements(text: str) -> tuple[Refinement, ...]:
    """`center,pca:128,scale:0.5` as refinements; `none` as no refinement at all.

    Raises `TableError` for an unknown name or a value that is no number.
    """
    return tuple(parse_named_values(text, REFINEMENTS, what="refinement", error=TableError))


def refined(table: EmbeddingTable, refinements: Sequence[Refinement]) -> EmbeddingTable:
    """Apply each refinement in turn to a float32 copy of the rows, and record it."""
    vectors, unknown, so_far = table.rows(), table.unknown, table.move
    counts = table.vocabulary.counts
    words, empty = table.word_rows, table.provenance.empty
    if not len(words):
        raise TableError("no word of this table has a vector; there is nothing to refine")
    for refinement in refinements:
        move = refinement.fit(vectors[words], counts[words])
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at below
            moved = move(vectors, counts)
        moved[empty] = 0
        if not np.isfinite(moved).all():
            raise TableError(f"{refinement.name} gave values that are not finite")
        step = Affine.of(move, vectors.shape[1], name=refinement.name)
        vectors, so_far = moved, after(so_far, step)
        if unknown is not None:
            unknown = replace(unknown, move=after(unknown.move, step))
    done: list[dict[str, Any]] = [
        {"name": each.name, **asdict(each)}  # type: ignore[call-overload]
        for each in refinements
    ]
    for entry in done:
        if entry["name"] == Sif.name:  # the whole that shares are of, whatever rows are cut later
            entry["tokens"] = int(counts.sum())
    done = [*table.recipe.get("refinements", ()), *done]
    recipe = {**table.recipe, "refinements": done, "dtype": "float32"}
    return replace(table, vectors=vectors, scales=None, recipe=recipe, unknown=unknown, move=so_far)


def _principal(vectors: Float32[ndarray, "words dims"], components: int) -> Principal:
    dims = vectors.shape[1]
    if not 1 <= components <= dims:
        raise TableError(
            f"{components} directions asked for, the vectors have {dims} dimensions; "
            f"choose 1 to {dims}"
        )
    return principal_directions(vectors, components)
