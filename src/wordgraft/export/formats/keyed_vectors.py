"""gensim's `KeyedVectors`: as an object, and in gensim's own file, which is a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.atomic_io import new_file
from wordgraft.core.optional import require
from wordgraft.errors import DataError
from wordgraft.export.formats.conversion import table_of
from wordgraft.export.formats.protocol import Format, RowCollector, WordVectors, check_finite
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

_NAME = "gensim"
# Larger than any array: gensim writes arrays above this size to separate files.
_ONE_FILE = 1 << 62


def to_keyed_vectors(table: EmbeddingTable) -> KeyedVectors:
    """The words of `table` as gensim's `KeyedVectors`: float32 copies of all rows except padding.

    Counts become the attribute `count`. Raises `MissingExtraError` without gensim.

    >>> int(to_keyed_vectors(table).get_vecattr("sun", "count"))
    4
    """
    gensim = require("gensim.models", purpose="KeyedVectors")
    words = list(table.vocabulary.words[1:])
    keyed = gensim.KeyedVectors(table.dims, dtype=np.float32)
    keyed.add_vectors(words, table.rows(slice(1, None)))
    for word, count in zip(words, table.vocabulary.counts[1:].tolist(), strict=True):
        keyed.set_vecattr(word, "count", count)
    return keyed


def from_keyed_vectors(
    vectors: KeyedVectors, *, checkpoint: Checkpoint | None = None
) -> EmbeddingTable:
    """A table of gensim's vectors, under the rules of `read_vectors`. Raises `DataError`.

    >>> from_keyed_vectors(to_keyed_vectors(table))["moon"]
    array([0., 0., 1., 1.], dtype=float32)
    """
    return table_of(_collect(vectors, Path("KeyedVectors")), format=_NAME, checkpoint=checkpoint)


def write_keyed_vectors(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write one file that `KeyedVectors.load` opens. Returns 0.

    Raises `MissingExtraError` without gensim, and `OutputError`.
    """
    keyed = to_keyed_vectors(table)
    with new_file(path, force=force) as scratch:
        keyed.save(str(scratch), sep_limit=_ONE_FILE)
    return 0


def read_keyed_vectors(path: Path, *, progress: bool = False) -> WordVectors:
    """Unpickle a gensim file, which can run any code: `read_vectors` requires permission.

    Raises `DataError`, and `MissingExtraError` without gensim.
    """
    gensim = require("gensim.models", purpose=f"reading {path}")
    from pickle import UnpicklingError

    try:
        loaded = gensim.KeyedVectors.load(str(path))
    except (OSError, EOFError, UnpicklingError, AttributeError, ImportError) as error:
        raise DataError(f"{path} cannot be read by gensim ({error})") from error
    return _collect(getattr(loaded, "wv", loaded), path)


def _collect(vectors: KeyedVectors, where: Path) -> WordVectors:
    if not hasattr(vectors, "index_to_key"):
        raise DataError(f"{where} is a {type(vectors).__name__}; expected gensim's KeyedVectors")
    words = [str(word) for word in vectors.index_to_key]
    matrix = np.asarray(vectors.vectors, np.float32)
    check_finite(where, words, matrix)
    rows = RowCollector(len(words), matrix.shape[1])
    rows.add(words, matrix)
    counts = None
    if "count" in vectors.expandos:
        counts = np.array(
            [vectors.get_vecattr(word, "count") for word in rows.row_of], dtype=np.int64
        )
    return rows.done(where, counts=counts)


def _sniff(path: Path, head: bytes) -> bool:
    return head.startswith(b"\x80") and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


GENSIM = Format(
    _NAME, "gensim KeyedVectors", write_keyed_vectors, read_keyed_vectors, _sniff, pickled=True
)
