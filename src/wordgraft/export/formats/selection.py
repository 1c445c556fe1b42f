"""Some words of a table that was read from a file, and its vector for all other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import ROLES
from wordgraft.oov import ZeroRow
from wordgraft.table import EmbeddingTable, OovState
from wordgraft.vocabulary.vocabulary import UNK


def keep_words(table: EmbeddingTable, counts: Mapping[str, int]) -> EmbeddingTable:
    """The rows of the words in `counts`, in its order and with these counts.

    >>> keep_words(table, {"rain": 7, "snow": 3}).vocabulary.words
    ('[PAD]', '[UNK]', 'rain')

    Raises `DataError` for a table of pieces, and if the table has none of the words.
    """
    vocabulary = table.vocabulary
    if vocabulary.kind == "pieces":
        raise DataError("a file of pieces cannot be reduced to some words; read all of it")
    rows = [0, vocabulary.roles[UNK]]
    taken = set(rows)
    kept_counts = [0, 0]
    for word, count in counts.items():
        row = vocabulary.row(word)
        if row is not None and row not in taken:
            taken.add(row)
            rows.append(row)
            kept_counts.append(count)
    if len(rows) == ROLES:
        raise DataError(
            f"none of {len(counts):,} words is among the {len(vocabulary):,} of the file; check "
            "that language and capitalization are the same"
        )
    selected = table.select(np.array(rows, np.int64))
    recounted = replace(selected.vocabulary, counts=np.array(kept_counts, np.int64))
    return replace(selected, vocabulary=recounted)


def with_constant_oov(table: EmbeddingTable, oov: str) -> EmbeddingTable:
    """The table with `unk` (row 1) or `zero` (row 1 set to zeros) for out-of-vocabulary words.

    >>> with_constant_oov(table, "zero").recipe["oov"]
    'zero'
    """
    if oov == ZeroRow.name:
        unk = np.array([table.vocabulary.roles[UNK]])
        table = table.with_rows(unk, np.zeros((1, table.dims), np.float32), source="zero")
    return replace(table, oov=OovState(oov), recipe={**table.recipe, "oov": oov})
