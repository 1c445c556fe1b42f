"""The rows of a table that are nearest to some vectors, by cosine, as matrix products in blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

    # Some rows as float32.
    Rows = Callable[[slice], Float32[ndarray, "rows dims"]]

# Rows that are copied at once, and cosines that are in memory at once (256 MB).
_ROWS_AT_ONCE = 65_536
_COSINES_AT_ONCE = 1 << 26
_TINY = np.finfo(np.float32).tiny


class Nearest(NamedTuple):
    """Per vector, the nearest rows, the nearest first, and their cosines."""

    rows: Int64[ndarray, "vectors top"]
    cosines: Float32[ndarray, "vectors top"]


def nearest_rows(
    rows_of: Rows,
    norms: Float32[ndarray, " rows"],
    vectors: Float32[ndarray, "vectors dims"],
    *,
    top: int,
    leave_out: Collection[int] = (),
) -> Nearest:
    """The `top` nearest rows of each vector; rows with equal cosines are in the table's order.

    Args:
        rows_of: gives a table's rows, some at a time.
        norms: the length of each row.
        leave_out: rows that are never among them.
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
    queries = (vectors / lengths).astype(np.float32)
    top = max(0, min(top, len(norms) - len(set(leave_out))))
    rows = np.empty((len(queries), top), np.int64)
    cosines = np.empty((len(queries), top), np.float32)
    at_once = max(1, _COSINES_AT_ONCE // len(norms))
    for start in range(0, len(queries), at_once):
        part = slice(start, start + at_once)
        rows[part], cosines[part] = _of_all(rows_of, norms, queries[part], top, list(leave_out))
    return Nearest(rows, cosines)


def _of_all(
    rows_of: Rows,
    norms: Float32[ndarray, " rows"],
    queries: Float32[ndarray, "some dims"],
    top: int,
    leave_out: list[int],
) -> tuple[Int64[ndarray, "some top"], Float32[ndarray, "some top"]]:
    cosines = np.empty((len(queries), len(norms)), np.float32)
    for start in range(0, len(norms), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        cosines[:, block] = queries @ rows_of(block).T
    cosines /= np.maximum(norms, _TINY)
    cosines[:, leave_out] = -np.inf
    if 4 * top >= cosines.shape[1]:
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :top]
        return best, np.take_along_axis(cosines, best, axis=1)
    # Of rows with the cosine of the last that fits, the first are taken, so that the order is the
    # table's.
    best = np.empty((len(queries), top), np.int64)
    for place, of_query in enumerate(cosines):
        least = np.partition(of_query, -top)[-top] if top else np.inf
        above, ties = np.flatnonzero(of_query > least), np.flatnonzero(of_query == least)
        taken = np.sort(np.concatenate([above, ties[: top - len(above)]]))
        best[place] = taken[np.argsort(-of_query[taken], kind="stable")]
    return best, np.take_along_axis(cosines, best, axis=1)
