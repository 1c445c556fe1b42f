"""Text to the mean of its words' rows, fast: ids by looking up, sums by a sparse product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.parallel import usable_cpus
from wordgraft.core.ragged import Ragged
from wordgraft.oov import method_of, read_rows_of
from wordgraft.oov.protocol import OovMethod
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# In place of a method's name: words without a row do not count.
LEAVE_OUT = "leave out"
# Texts at once: two such blocks wait at most.
_TEXTS_AT_ONCE = 512
# Below the weight of any word: what the mean of no words is divided by.
_LEAST = 1e-9


def mean_vectors(
    table: EmbeddingTable,
    texts: Sequence[str],
    *,
    weights: Float32[ndarray, " rows"] | None = None,
    oov: str | None = None,
) -> Float32[ndarray, "texts dims"]:
    """The mean of the rows of each text's words; zeros for a text without words.

    Args:
        weights: of each row in the mean, as `sif_weights` gives; alike by default. A word that a
            method answers for weighs 1.
        oov: method for words without a row, by default the table's own; `leave out` takes the
            mean of the others alone.

    Sums are made in a thread beside the one that reads, where there is a core for it. Raises
    `TableError` for a method that must be fitted first.
    """
    method = None if oov == LEAVE_OUT else method_of(table, oov)
    found = np.empty((len(texts), table.dims), np.float32)
    blocks = [slice(at, at + _TEXTS_AT_ONCE) for at in range(0, len(texts), _TEXTS_AT_ONCE)]
    alone = len(blocks) < 2 or usable_cpus() < 2
    with nullcontext() if alone else ThreadPoolExecutor(1) as beside:
        sums: list[Future[None]] = []
        for block in blocks:
            ids, vectors, shares = _read(table, texts[block], weights, method)
            if beside is None:
                _mean(ids, vectors, shares, found[block])
                continue
            if len(sums) > 1:  # no more than two blocks wait
                sums[-2].result()
            sums.append(beside.submit(_mean, ids, vectors, shares, found[block]))
        for done in sums:
            done.result()
    return found


def sif_weights(counts: Iterable[int] | ndarray, *, a: float = 1e-3) -> Float32[ndarray, " rows"]:
    """`a / (a + p)` of each row, `p` its share of the running text (Arora et al. 2017)."""
    seen = np.asarray(counts, np.float64)
    weights: Float32[ndarray, " rows"] = (a / (a + seen / max(seen.sum(), 1))).astype(np.float32)
    return weights


def _read(
    table: EmbeddingTable,
    texts: Sequence[str],
    weights: Float32[ndarray, " rows"] | None,
    method: OovMethod | None,
) -> tuple[Ragged, Float32[ndarray, "rows dims"], Float32[ndarray, " words"]]:
    """Ids of a block of texts, the rows that they are ids of, and what each id weighs."""
    if method is None:
        ids = table.vocabulary.ids(texts)
        shares = np.ones(len(ids.ids), np.float32) if weights is None else weights[ids.ids]
        shares[ids.ids == table.vocabulary.roles[UNK]] = 0
        more = np.empty((0, table.dims), np.float32)
    else:
        reading = read_rows_of(table, texts, method)
        ids, more = reading.ids, reading.vectors
        shares = np.ones(len(ids.ids), np.float32)
        if weights is not None:
            known = ids.ids < len(table)
            shares[known] = weights[ids.ids[known]]
    if not len(more) and table.vectors.dtype == np.float32:
        return ids, table.vectors, shares
    # Only the rows of these texts, so that no large table is copied or widened whole.
    used, places = np.unique(ids.ids, return_inverse=True)
    of_table = int(np.searchsorted(used, len(table)))
    rows = np.concatenate([table.rows(used[:of_table]), more[used[of_table:] - len(table)]])
    return Ragged(places, ids.offsets), rows, shares


def _mean(
    ids: Ragged,
    vectors: Float32[ndarray, "rows dims"],
    shares: Float32[ndarray, " words"],
    out: Float32[ndarray, "texts dims"],
) -> None:
    from scipy.sparse import csr_array

    shape = (len(ids), len(vectors))
    places = (ids.ids.astype(np.int32), ids.offsets.astype(np.int32))
    sums = csr_array((shares, *places), shape=shape) @ vectors
    totals = np.diff(np.concatenate([[0], np.cumsum(shares, dtype=np.float64)])[ids.offsets])
    out[:] = sums / np.maximum(totals, _LEAST).astype(np.float32)[:, None]
