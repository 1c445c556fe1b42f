"""`align`: map the vectors of one table into the space of another, learned from shared words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.linear_algebra import regression
from wordgraft.errors import TableError
from wordgraft.table import Affine, EmbeddingTable
from wordgraft.table.affine import after

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

METHODS = ("ridge", "orthogonal")
# Fewer pairs than this say nothing about two spaces.
_LEAST_PAIRS = 20
# Share of the pairs that the map is tested on before it is fitted to all of them.
_HELD_OUT = 0.1
# Tested pairs at most: enough for the second digit of a share.
_MOST_TESTED = 2_000
_TOP = 10
_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True, eq=False)
class Alignment:
    """A table in the space of another, and how well the map did on pairs that it had not seen.

    Attributes:
        table: the vectors, and whatever its out-of-vocabulary method makes, in the other space.
        pairs: pairs of words that the map was learned from.
        tested: pairs that were held out for the two figures below; the map of `table` was then
            fitted to all pairs.
        cosine: mean cosine of a mapped vector and its partner, from the center of the partners.
        top10: share of the mapped vectors whose partner is among the ten nearest of all partners.

    >>> names = [f"w{i}" for i in range(40)]
    >>> words = table_of(names, np.random.default_rng(0).normal(size=(40, 2)))
    >>> align(words, onto=words.refine(wg.table.Center())).top10
    1.0
    """

    table: EmbeddingTable
    pairs: int
    tested: int
    cosine: float
    top10: float

    def __str__(self) -> str:
        return (
            f"learned from {self.pairs:,} pairs; on {self.tested:,} held-out pairs: cosine "
            f"{self.cosine:.3f}, partner among the ten nearest {self.top10:.1%}"
        )


def align(
    table: EmbeddingTable,
    *,
    onto: EmbeddingTable,
    pairs: Sequence[tuple[str, str]] | None = None,
    method: str = "ridge",
    seed: int = 0,
) -> Alignment:
    """The vectors of `table` mapped into the space of `onto`.

    The map is linear with a shift, so that words of `table` can be added to vectors that exist, and
    tables of two languages can share a space.

    Args:
        pairs: a word of `table` and the word of `onto` that means the same, such as a dictionary
            of two languages; by default, the words that both tables have in the same spelling.
        method: `ridge` (regression, best for finding partners), or `orthogonal` (a rotation that
            keeps the angles between the words of `table`, after Artetxe et al. 2016).
        seed: which pairs are held out.

    Raises `TableError` for fewer than 20 pairs, and words that are missing in their table.

    >>> names = [f"w{i}" for i in range(40)]
    >>> rows = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    >>> turned = table_of(names, rows @ np.float32([[0, 1], [-1, 0]]))
    >>> print(align(table_of(names, rows), onto=turned, method="orthogonal"))
    learned from 40 pairs; on 4 held-out pairs: cosine 1.000, partner among the ten nearest 100.0%
    """
    if method not in METHODS:
        raise TableError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}")
    mine, theirs = _shared(table, onto) if pairs is None else _named(table, onto, pairs)
    if len(mine) < _LEAST_PAIRS:
        what = "shared words" if pairs is None else "pairs"
        raise TableError(
            f"the tables have {len(mine):,} {what}, expected at least {_LEAST_PAIRS}; give pairs "
            "of words that mean the same"
        )
    order = np.random.default_rng(seed).permutation(len(mine))
    x, y = table.rows(mine[order]), onto.rows(theirs[order])
    tested = min(max(1, int(len(x) * _HELD_OUT)), _MOST_TESTED)
    cosine, top = _quality(_fitted(x[tested:], y[tested:], method)(x[:tested]), y)
    move = _fitted(x, y, method)
    recipe = {
        **table.recipe,
        "aligned": {
            "onto": onto.recipe.get("checkpoint", onto.recipe.get("source", "a table")),
            "method": method,
            "pairs": len(mine),
            "top10": round(top, 4),
        },
        "dtype": "float32",
    }
    vectors = move(table.rows())
    vectors[table.provenance.empty] = 0
    oov = table.oov
    moved = replace(
        table,
        vectors=vectors,
        scales=None,
        recipe=recipe,
        move=after(table.move, move),
        oov=None if oov is None else replace(oov, move=after(oov.move, move)),
    )
    return Alignment(moved, len(mine), tested, cosine, top)


def _shared(
    table: EmbeddingTable, onto: EmbeddingTable
) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " pairs"]]:
    """Rows of the words that both tables have, without those whose vectors are guessed."""
    row_of = {onto.vocabulary.words[row]: row for row in _known(onto)}
    pairs = [
        (row, row_of[word])
        for row in _known(table)
        if (word := table.vocabulary.words[row]) in row_of
    ]
    mine, theirs = np.array(pairs, np.int64).reshape(-1, 2).T
    return mine, theirs


def _known(table: EmbeddingTable) -> list[int]:
    rows = table.word_rows
    known: list[int] = rows[~table.provenance.guessed[rows]].tolist()
    return known


def _named(
    table: EmbeddingTable, onto: EmbeddingTable, pairs: Sequence[tuple[str, str]]
) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " pairs"]]:
    rows = [(table.vocabulary.row(mine), onto.vocabulary.row(theirs)) for mine, theirs in pairs]
    missing = [pair for pair, found in zip(pairs, rows, strict=True) if None in found]
    if missing:
        raise TableError(
            f"{len(missing):,} of {len(pairs):,} pairs have a word without a row, such as "
            f"{missing[0][0]!r} and {missing[0][1]!r}; leave them out"
        )
    mine, theirs = np.array(rows, np.int64).reshape(-1, 2).T
    return mine, theirs


def _fitted(
    x: Float32[ndarray, "pairs dims"], y: Float32[ndarray, "pairs new_dims"], method: str
) -> Affine:
    if method == "ridge":
        return Affine(*regression(x, y))
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    left, _, right = np.linalg.svd((x - x_mean).T @ (y - y_mean), full_matrices=False)
    turned = (x - x_mean) @ left @ right
    # As large as the partners: the least squared error would shrink what does not fit.
    size = np.sqrt(np.square(y - y_mean).sum() / max(np.square(turned).sum(), _TINY))
    matrix = (size * left @ right).astype(np.float32)
    return Affine(matrix, y_mean - x_mean @ matrix)


def _quality(
    mapped: Float32[ndarray, "tested dims"], partners: Float32[ndarray, "pairs dims"]
) -> tuple[float, float]:
    """Mean cosine to the first partners, and the share of those among the ten nearest of all."""
    # What all words of a space share says nothing about a word.
    mean = partners.mean(axis=0)
    cosines = _unit(mapped - mean) @ _unit(partners - mean).T
    own = np.diagonal(cosines).copy()
    rank = (cosines > own[:, None]).sum(axis=1)
    return float(own.mean()), float((rank < _TOP).mean())


def _unit(rows: Float32[ndarray, "rows dims"]) -> Float32[ndarray, "rows dims"]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)
    unit: Float32[ndarray, "rows dims"] = rows / lengths
    return unit
