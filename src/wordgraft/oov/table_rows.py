"""The rows of a table as an out-of-vocabulary method learns from them and uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError
from wordgraft.table import EmbeddingTable, OovState
from wordgraft.table.provenance import ROW_ORIGINS

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

LARGEST_SAMPLE = 50_000


def learnable_rows(table: EmbeddingTable, *, seed: int) -> Int64[ndarray, " rows"]:
    """The rows from which vectors of words can be learned, in a random order drawn from `seed`.

    Rows that an out-of-vocabulary method provided are left out; a large table is sampled down to
    50,000 rows. Raises `TableError` when there are none.
    """
    rows = table.word_rows
    rows = rows[~table.provenance.guessed[rows]]
    if not len(rows):
        raise TableError(
            "every vector of this table is from an out-of-vocabulary method or random, so there is "
            "nothing to learn from: use oov unk or zero"
        )
    return np.random.default_rng(seed).permutation(rows)[:LARGEST_SAMPLE]


def never_counted(
    table: EmbeddingTable, rows: Int64[ndarray, " rows"]
) -> Float32[ndarray, "rows dims"]:
    """Rows as they would be if their words had counts of 0: the weights of SIF are undone.

    SIF makes frequent words short, and an out-of-vocabulary word is rare. This can be undone if
    only scaling came after SIF; otherwise, and for trained rows, the rows are returned as they are.
    """
    weights = weights_of_counts(table, rows)
    unweighted: Float32[ndarray, "rows dims"] = table.rows(rows) / weights[:, None]
    return unweighted


def weights_of_counts(
    table: EmbeddingTable, rows: Int64[ndarray, " rows"]
) -> Float32[ndarray, " rows"]:
    """The factor by which SIF has made each row shorter; 1 if that cannot be undone."""
    steps = [dict(step) for step in table.recipe.get("refinements", ())]
    first = next((place for place, step in enumerate(steps) if step["name"] == "sif"), len(steps))
    if any(step["name"] not in ("sif", "scale") for step in steps[first:]):
        return np.ones(len(rows), np.float32)
    weight = np.ones(len(rows))
    for step in steps:
        if step["name"] == "sif":
            shares = table.vocabulary.counts[rows] / max(step["tokens"], 1)
            weight *= step["a"] / (step["a"] + shares)
    weight[table.provenance.source[rows] == ROW_ORIGINS.index("trained")] = 1
    return weight.astype(np.float32)


def moved(
    state: OovState, vectors: Float32[ndarray, "words fitted_dims"]
) -> Float32[ndarray, "words dims"]:
    """Vectors of the space in which a method was fitted, moved to the table's current space."""
    return vectors if state.move is None else state.move(vectors)
