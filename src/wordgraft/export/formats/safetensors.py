"""A plain folder: `model.safetensors` with `vectors` and `counts`, and `tokenizer.json`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wordgraft.core.atomic_io import new_folder, write_tensors
from wordgraft.export.formats.folders import (
    TENSORS,
    TOKENIZER,
    named,
    tensors_of,
    with_tokenizer,
    write_recipe,
    write_tokenizer,
)
from wordgraft.export.formats.protocol import MARKER, Format, WordVectors
from wordgraft.table import EmbeddingTable


def write_safetensors(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write float32 rows, row `i` for id `i` of `tokenizer.json`. Returns 0.

    Raises `OutputError`.
    """
    with new_folder(path, force=force, marker=MARKER) as folder:
        arrays = {"vectors": table.rows(), "counts": table.vocabulary.counts}
        write_tensors(folder / TENSORS, arrays)
        write_tokenizer(table, folder)
        write_recipe(table, folder)
    return 0


def read_safetensors(path: Path, *, progress: bool = False) -> WordVectors:
    """Read a matrix named `vectors`, `embeddings` or as PyTorch names it; rows are the ids.

    Raises `DataError`.
    """
    tensors = tensors_of(path / TENSORS)
    names = ["vectors", "embeddings", "embedding.weight", "weight"]
    matrix = named(tensors, names, path / TENSORS)
    counts = tensors.get("counts")
    fits = counts is not None and counts.shape == matrix.shape[:1]
    return with_tokenizer(path, matrix, counts=np.array(counts, np.int64) if fits else None)


def _sniff(path: Path, head: bytes) -> bool:
    return (path / TENSORS).is_file() and (path / TOKENIZER).is_file()


SAFETENSORS = Format(
    "safetensors",
    "safetensors with tokenizer.json",
    write_safetensors,
    read_safetensors,
    _sniff,
    folder=True,
)
