"""NumPy's own archive: `vectors`, `words` and `counts` by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wordgraft.storage import new_file
from wordgraft.table import EmbeddingTable


def write_npz(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a `.npz` that `numpy.load` opens without pickles; rows as float32, roles included.

    Returns 0, the number of words written otherwise than they are. Raises `OutputError`.
    """
    with new_file(path, force=force) as scratch, scratch.open("wb") as file:
        np.savez(
            file,
            vectors=table.rows(),
            words=np.array(table.vocabulary.words),
            counts=table.vocabulary.counts,
        )
    return 0
