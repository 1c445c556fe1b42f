"""Texts as the means of their words' rows, fast: ids by lookup, sums by a sparse product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.parallel import usable_cpus
from wordgraft.core.ragged import Ragged
from wordgraft.oov import OovMethod, TextReader
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary.vocabulary import UNK

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# Instead of a method's name: out-of-vocabulary words do not count.
LEAVE_OUT = "leave out"
# Texts per block; at most two blocks wait to be summed.
_TEXTS_AT_ONCE = 512
# The divisor for a text without words; smaller than the weight of any word.
_LEAST = 1e-9


def mean_vectors(
    table: EmbeddingTable | TextReader,
    texts: Sequence[str],
    *,
    weights: Float32[ndarray, " rows"] | None = None,
    oov: str | OovMethod | None = None,
) -> Float32[ndarray, "texts dims"]:
    """The mean of the rows of each text's words; zeros for a text without words.

    A second thread computes the sums while the first reads, if there is a second core.

    >>> mean_vectors(table, ["sun rain", ""])
    array([[0.5, 0.5, 0. , 1. ],
           [0. , 0. , 0. , 0. ]], dtype=float32)

    Args:
        table: a table, or a `TextReader` of one. For many calls, pass the same reader: it keeps
            what the out-of-vocabulary method builds, such as an index of the words.
        weights: weight of each row, such as `sif_weights`; equal by default. A vector from an
            out-of-vocabulary method has weight 1.
        oov: method for out-of-vocabulary words, by default the table's own or the reader's;
            `leave out` ignores such words.

    Raises `TableError` for a method that must be fitted first.
    """
    leave_out = oov == LEAVE_OUT
    if not isinstance(table, TextReader) or not (leave_out or oov is None):
        source = table.table if isinstance(table, TextReader) else table
        table = TextReader(source, None if leave_out else oov)
    reader, table = table, table.table
    means = np.empty((len(texts), table.dims), np.float32)
    blocks = [slice(at, at + _TEXTS_AT_ONCE) for at in range(0, len(texts), _TEXTS_AT_ONCE)]
    single = len(blocks) < 2 or usable_cpus() < 2
    with nullcontext() if single else ThreadPoolExecutor(1) as executor:
        sums: list[Future[None]] = []
        for block in blocks:
            ids, vectors, shares = _read(reader, texts[block], weights, leave_out=leave_out)
            if executor is None:
                _mean(ids, vectors, shares, means[block])
                continue
            if len(sums) > 1:  # no more than two blocks wait
                sums[-2].result()
            sums.append(executor.submit(_mean, ids, vectors, shares, means[block]))
        for block_sum in sums:
            block_sum.result()
    return means


def sif_weights(counts: Iterable[int] | ndarray, *, a: float = 1e-3) -> Float32[ndarray, " rows"]:
    """The weight `a / (a + p)` of each row, `p` being its share of all words (Arora et al. 2017).

    >>> sif_weights([0, 999, 1], a=0.001)
    array([1.   , 0.001, 0.5  ], dtype=float32)
    """
    occurrences = np.asarray(counts, np.float64)
    shares = occurrences / max(occurrences.sum(), 1)
    weights: Float32[ndarray, " rows"] = (a / (a + shares)).astype(np.float32)
    return weights


def _read(
    reader: TextReader,
    texts: Sequence[str],
    weights: Float32[ndarray, " rows"] | None,
    *,
    leave_out: bool,
) -> tuple[Ragged, Float32[ndarray, "rows dims"], Float32[ndarray, " words"]]:
    """The ids of a block of texts, the rows that they point to, and the weight of each id."""
    table = reader.table
    if leave_out:
        ids = table.vocabulary.ids(texts)
        shares = np.ones(len(ids.ids), np.float32) if weights is None else weights[ids.ids]
        shares[ids.ids == table.vocabulary.roles[UNK]] = 0
        more = np.empty((0, table.dims), np.float32)
    else:
        reading = reader.read(texts)
        ids, more = reading.ids, reading.vectors
        shares = np.ones(len(ids.ids), np.float32)
        if weights is not None:
            known = ids.ids < len(table)
            shares[known] = weights[ids.ids[known]]
    if not len(more) and table.vectors.dtype == np.float32:
        return ids, table.vectors, shares
    # Only the rows of these texts, so that a large table is not copied or converted as a whole.
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
