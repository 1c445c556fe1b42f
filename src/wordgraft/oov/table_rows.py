"""The rows of a table as a method learns from them and uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError
from wordgraft.table import EmbeddingTable, UnknownWords
from wordgraft.table.provenance import SOURCES

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

LARGEST_SAMPLE = 50_000


def learnable_rows(table: EmbeddingTable, *, seed: int) -> Int64[ndarray, " rows"]:
    """The rows that a word's vector can be learnt from, in an order drawn from `seed`.

    Those that a method for unknown words gave are left out, and of a large table all but 50,000.
    Raises `TableError` when there are none.
    """
    rows = table.word_rows
    rows = rows[~table.provenance.guessed[rows]]
    if not len(rows):
        raise TableError(
            "no word of this table has a vector that is no guess; there is nothing to learn from: "
            "use oov unk or zero"
        )
    return np.random.default_rng(seed).permutation(rows)[:LARGEST_SAMPLE]


def never_counted(
    table: EmbeddingTable, rows: Int64[ndarray, " rows"]
) -> Float32[ndarray, "rows dims"]:
    """Rows as they would be, had their words never been seen in the texts that were counted.

    SIF makes frequent words short; an unknown word is rare. This can be undone as long as no
    other refinement but scaling came after it; otherwise, and for trained rows, they stay.
    """
    weights = weights_of_counts(table, rows)
    found: Float32[ndarray, "rows dims"] = table.rows(rows) / weights[:, None]
    return found


def weights_of_counts(
    table: EmbeddingTable, rows: Int64[ndarray, " rows"]
) -> Float32[ndarray, " rows"]:
    """How much shorter SIF has made each row; 1 where that cannot be undone."""
    steps = [dict(step) for step in table.recipe.get("refinements", ())]
    first = next((place for place, step in enumerate(steps) if step["name"] == "sif"), len(steps))
    if any(step["name"] not in ("sif", "scale") for step in steps[first:]):
        return np.ones(len(rows), np.float32)
    weight = np.ones(len(rows))
    for step in steps:
        if step["name"] == "sif":
            shares = table.vocabulary.counts[rows] / max(step["tokens"], 1)
            weight *= step["a"] / (step["a"] + shares)
    weight[table.provenance.source[rows] == SOURCES.index("trained")] = 1
    return weight.astype(np.float32)


def moved(
    state: UnknownWords, vectors: Float32[ndarray, "words fitted_dims"]
) -> Float32[ndarray, "words dims"]:
    """Vectors of the space that a method was fitted in, in the space of the table as it is."""
    return vectors if state.move is None else state.move(vectors)
