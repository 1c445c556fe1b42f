"""`build_table`: source, out-of-vocabulary method, refinements and precision in one call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import TableError
from wordgraft.oov import OovMethod, Pieces, method_of, oov_method, with_oov
from wordgraft.sources import Isolated, Source, source_of
from wordgraft.sources.word_pieces import required
from wordgraft.table import EmbeddingTable, Refinement, Sif, default_refinements
from wordgraft.table.provenance import ROW_ORIGINS
from wordgraft.table.quantization import DTYPES
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.vocabulary import UNK


def build_table(
    checkpoint: Checkpoint | str,
    vocabulary: Vocabulary | None = None,
    *,
    source: Source | str = Isolated.name,
    oov: OovMethod | str = Pieces.name,
    refinements: Sequence[Refinement] | None = None,
    dtype: str = "float32",
    progress: bool = False,
) -> EmbeddingTable:
    """Make a vector for every word of `vocabulary` from a pretrained encoder.

    Args:
        checkpoint: an open checkpoint, or a name or folder that `open_checkpoint` accepts.
        vocabulary: the words; without one, `Contextual` takes the words of its corpus.
        source: `Contextual(corpus)` (the mean over the places where a corpus uses the word),
            `Isolated()` (each word in a template through the encoder: the best without a corpus),
            `Composed()` (the mean of its piece rows), `Lookup()` (one-piece words only, the rest by
            `oov`), or the name of one of the last three, which means its defaults.
        oov: what out-of-vocabulary words get, here and when a text is read: a method, or its name
            for its defaults. `pieces` is fitted in seconds. `blend` is the best (`make bench-oov`,
            bench/results/oov.json) and takes minutes for 40,000 words, half a minute for 2,000.
            `neighbours` needs no fit; `encoder` needs the checkpoint wherever the table is used;
            `unk`, `zero` and `mean` are baselines.
        refinements: applied in turn, `()` for raw vectors. By default `default_refinements`:
            centered, weighted by SIF if the vocabulary has counts, and scaled.
        dtype: how rows are stored: `float32`, `float16` or `int8` with one scale per row.

    Raises `CheckpointError`, `TableError`, and for a corpus `DataError` and `ProgressError`.

    >>> vocabulary = wg.Vocabulary.from_texts(texts, checkpoint)
    >>> build_table(checkpoint, vocabulary, source=Isolated(layer=2), oov="neighbours")
    <EmbeddingTable of 13 words, 32 dims, isolated>
    """
    if isinstance(checkpoint, str):
        checkpoint = open_checkpoint(checkpoint)
    _check(source, oov, dtype, refinements, vocabulary)
    raw = source_of(source).table(checkpoint, vocabulary, progress=progress)
    table = _filled(with_oov(raw, oov, checkpoint, progress=progress))
    if refinements is None:
        refinements = default_refinements(table.vocabulary)
    if refinements:
        table = table.refine(*refinements)
    return table if dtype == "float32" else table.astype(dtype)


def _check(
    source: Source | str,
    oov: OovMethod | str,
    dtype: str,
    refinements: Sequence[Refinement] | None,
    vocabulary: Vocabulary | None,
) -> None:
    """Raise one error that lists every argument at fault, before the encoder runs."""
    faults = []
    for check in (partial(_check_source, source, vocabulary), partial(oov_method, oov)):
        try:
            check()
        except TableError as error:
            faults.append(str(error))
    if dtype not in DTYPES:
        faults.append(f"unknown dtype {dtype!r}; choose one of {', '.join(DTYPES)}")
    needs_counts = any(isinstance(refinement, Sif) for refinement in refinements or ())
    if needs_counts and vocabulary is not None and not vocabulary.counts.any():
        faults.append(
            "sif needs word counts, and this vocabulary has none; make it with "
            "Vocabulary.from_texts"
        )
    if faults:
        raise TableError("; ".join(faults))


def _check_source(source: Source | str, vocabulary: Vocabulary | None) -> None:
    chosen = source_of(source)
    if not chosen.finds_words:
        required(vocabulary, chosen.name)


def _filled(table: EmbeddingTable) -> EmbeddingTable:
    """Fill rows that the source left at zero with vectors by the table's OOV method."""
    unk = table.vocabulary.roles[UNK]
    empty = np.flatnonzero(table.provenance.source == ROW_ORIGINS.index("zero"))
    method = method_of(table)
    if method.name == "zero":
        return table.with_rows(
            np.array([unk]), np.zeros((1, table.dims), np.float32), source="zero"
        )
    if not len(empty):
        return table
    vectors = method.vectors([table.vocabulary.words[row] for row in empty])
    return table.with_rows(empty, vectors, source=method.name)
