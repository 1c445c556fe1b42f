"""`build_table`: source, unknown words, refinements and precision in one call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import TableError
from wordgraft.oov import METHODS, method_of, with_oov
from wordgraft.sources import SOURCES
from wordgraft.table import EmbeddingTable, Refinement, Sif, default_refinements
from wordgraft.table.provenance import SOURCES as ROW_SOURCES
from wordgraft.table.quantization import DTYPES
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.vocabulary import UNK

DEFAULT_SOURCE = "isolated"
DEFAULT_OOV = "pieces"


def build_table(
    checkpoint: Checkpoint | str,
    vocabulary: Vocabulary | None = None,
    *,
    source: str = DEFAULT_SOURCE,
    oov: str = DEFAULT_OOV,
    refinements: Sequence[Refinement] | None = None,
    dtype: str = "float32",
    progress: bool = False,
    **options: Any,
) -> EmbeddingTable:
    """Make a vector for every word of `vocabulary` out of a pretrained encoder.

    Args:
        vocabulary: which words; `contextual` can do without, and takes those of its corpus.
        source: `contextual` (the mean over places where a `corpus` uses the word), `isolated`
            (each word in a template through the encoder: the best without a corpus), `composed`
            (mean of its piece rows) or `lookup` (one-piece words only, the rest by `oov`).
        oov: what words without a row get, here and when a text is read: `pieces` by default, a
            fit of seconds. `blend` is the best (`make bench-oov`, bench/results/oov.json) and
            takes minutes for 40,000 words, half a minute for 2,000, so it is asked for by name.
            `neighbours` needs no fit; `encoder` needs the checkpoint wherever the table is read;
            `characters`, `ngrams`, and the floors `unk`, `zero` and `mean`.
        refinements: applied in turn, `()` for raw vectors. By default `default_refinements`:
            centred, weighed by SIF if the vocabulary has counts, and scaled.
        dtype: how rows are stored: `float32`, `float16` or `int8` with a scale a row.
        options: the source's own, such as `layer`, `template`, `corpus` and `contexts`.

    Raises `CheckpointError`, `TableError`, and for a corpus `DataError` and `ProgressError`.
    """
    if isinstance(checkpoint, str):
        checkpoint = open_checkpoint(checkpoint)
    _check(source, oov, dtype, refinements, vocabulary)
    raw = SOURCES[source](checkpoint, vocabulary, progress=progress, **options)
    table = _filled(with_oov(raw, oov, checkpoint, progress=progress))
    if refinements is None:
        refinements = default_refinements(table.vocabulary)
    if refinements:
        table = table.refine(*refinements)
    return table if dtype == "float32" else table.astype(dtype)


def _check(
    source: str,
    oov: str,
    dtype: str,
    refinements: Sequence[Refinement] | None,
    vocabulary: Vocabulary | None,
) -> None:
    """Raise one error that lists every argument at fault, before the encoder runs."""
    given: dict[str, tuple[str, Collection[str]]] = {
        "source": (source, SOURCES),
        "oov": (oov, METHODS),
        "dtype": (dtype, DTYPES),
    }
    faults = [
        f"no {name} {value!r}; there are {', '.join(names)}"
        for name, (value, names) in given.items()
        if value not in names
    ]
    if vocabulary is None and source in SOURCES and source != "contextual":
        faults.append(f"source {source!r} needs a vocabulary; only 'contextual' finds its own")
    weighed = any(isinstance(each, Sif) for each in refinements or ())
    if weighed and vocabulary is not None and not vocabulary.counts.any():
        faults.append(
            "sif needs word counts, and this vocabulary has none; make it with "
            "Vocabulary.from_texts (--texts)"
        )
    if faults:
        raise TableError("; ".join(faults))


def _filled(table: EmbeddingTable) -> EmbeddingTable:
    """Give rows that the source left at zero what the table's method makes of their words."""
    unk = table.vocabulary.roles[UNK]
    empty = np.flatnonzero(table.provenance.source == ROW_SOURCES.index("zero"))
    method = method_of(table)
    if method.name == "zero":
        return table.with_rows(
            np.array([unk]), np.zeros((1, table.dims), np.float32), source="zero"
        )
    if not len(empty):
        return table
    vectors = method.vectors([table.vocabulary.words[row] for row in empty])
    return table.with_rows(empty, vectors, source=method.name)
