"""`concatenate`: the vectors of several tables side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError
from wordgraft.oov import TextReader
from wordgraft.table import EmbeddingTable, Provenance
from wordgraft.table.provenance import ROW_ORIGINS
from wordgraft.table.refinements import DEFAULT_RMS
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


def concatenate(*tables: EmbeddingTable, weights: Sequence[float] | None = None) -> EmbeddingTable:
    """One table whose vectors are those of all tables, one after the other.

    It has the words of all, those of the first table first, and splits text as the first does. A
    word that a table lacks gets that part of its vector by the table's out-of-vocabulary method.
    Each part is scaled to the same size. The result has no out-of-vocabulary method: fit one with
    `wordgraft.with_oov`.

    Args:
        weights: a factor for the size of each part; 1 for all by default.

    Raises `TableError` for fewer than two tables, tables of pieces, and weights that do not fit.

    >>> both = concatenate(table, table, weights=[1, 2])
    >>> both.dims, bool(np.allclose(2 * both["sun"][:4], both["sun"][4:]))
    (8, True)
    """
    weights = [1.0] * len(tables) if weights is None else list(weights)
    if len(tables) < 2:
        raise TableError(f"{len(tables)} tables were given; expected at least two to concatenate")
    if len(weights) != len(tables) or not all(0 < weight < np.inf for weight in weights):
        raise TableError(
            f"weights are {weights} for {len(tables)} tables; expected a number above 0 for each"
        )
    for number, table in enumerate(tables):
        if table.vocabulary.kind == "pieces":
            raise TableError(
                f"table {number} has rows for pieces of words; tables of words can be concatenated"
            )
    first = tables[0]
    known = dict.fromkeys(first.vocabulary.words)
    others = dict.fromkeys(
        word
        for table in tables[1:]
        for word in (table.vocabulary.words[row] for row in table.word_rows)
        if word not in known
    )
    vocabulary = first.vocabulary.extended(list(others)) if others else first.vocabulary
    roles = sorted(vocabulary.roles.values())
    words = list(vocabulary.words)
    parts, origins = [], []
    for table, weight in zip(tables, weights, strict=True):
        vectors, sources = _part(table, words, roles, DEFAULT_RMS * weight)
        parts.append(vectors)
        origins.append(sources)
    # A row is as good as the best part of it: the first table that has the word names its source.
    best = [
        next((name for name in names if name is not None), "zero")
        for names in zip(*origins, strict=True)
    ]
    best[0] = "padding"
    vectors = np.concatenate(parts, axis=1)
    empty = [row for row, name in enumerate(best) if name in ("padding", "zero")]
    vectors[empty] = 0
    recipe = {
        "source": "concatenated",
        "parts": [dict(table.recipe) for table in tables],
        "weights": list(weights),
    }
    return EmbeddingTable(
        vectors, vocabulary, Provenance.of(best, np.zeros(len(words), np.int32)), recipe
    )


def _part(
    table: EmbeddingTable, words: list[str], roles: Sequence[int], rms: float
) -> tuple[Float32[ndarray, "words dims"], list[str | None]]:
    """One table's vectors of `words`, of size `rms`, and the source of those that it has."""
    rows = [
        None if place in roles else table.vocabulary.row(word) for place, word in enumerate(words)
    ]
    vectors = table.rows([row or 0 for row in rows]).copy()
    missing = [place for place, row in enumerate(rows) if row is None and place not in roles]
    if missing:
        made = TextReader(table).oov_vectors([words[place] for place in missing])
        vectors[missing] = made.vectors
    vectors[roles[-1]] = table.rows([table.vocabulary.roles[UNK]])[0]
    own = table.rows(table.word_rows)
    size = float(np.sqrt(np.mean(np.square(own, dtype=np.float64)))) if own.size else 0.0
    sources = [None if row is None else ROW_ORIGINS[table.provenance.source[row]] for row in rows]
    sources[roles[-1]] = "unk"
    return vectors * np.float32(rms / size if size else 1.0), sources
