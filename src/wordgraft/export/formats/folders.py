"""Folders with a matrix and a `tokenizer.json`: code that model2vec and others share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.checkpoint.tokenizer import PieceTokenizer, pieces_by_id
from wordgraft.errors import CheckpointError, DataError
from wordgraft.export.formats.protocol import MARKER, WordVectors, check_finite
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy import ndarray

TENSORS = "model.safetensors"
TOKENIZER = "tokenizer.json"


def write_json(path: Path, content: object) -> None:
    """Write one JSON file, indented."""
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def write_tokenizer(table: EmbeddingTable, folder: Path) -> None:
    """Write the table's `tokenizer.json`, which turns text into row ids."""
    (folder / TOKENIZER).write_text(table.vocabulary.tokenizer.to_str(), "utf-8")


def write_recipe(table: EmbeddingTable, folder: Path) -> None:
    """Write how the table was made to a file that other tools ignore."""
    write_json(folder / MARKER, {"recipe": dict(table.recipe)})


def read_recipe(folder: Path) -> dict[str, Any]:
    """The recipe that `write_recipe` wrote; empty if another tool made the folder."""
    content = read_json(folder / MARKER) if (folder / MARKER).is_file() else {}
    recipe = content.get("recipe", {}) if isinstance(content, dict) else {}
    return recipe if isinstance(recipe, dict) else {}


def read_json(path: Path) -> Any:
    """Read one JSON file. Raises `DataError`."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as JSON ({error}); download the folder again"
        ) from error


def tensors_of(path: Path) -> Mapping[str, ndarray]:
    """The tensors of one safetensors file, memory-mapped. Raises `DataError`."""
    try:
        return Tensors([path])
    except (CheckpointError, OSError) as error:
        raise DataError(str(error)) from error


def named(tensors: Mapping[str, ndarray], names: Sequence[str], path: Path) -> ndarray:
    """The first tensor that has one of these names. Raises `DataError` if none has."""
    for name in names:
        if name in tensors:
            return tensors[name]
    raise DataError(
        f"{path} has the tensors {', '.join(tensors) or 'none'}; expected {' or '.join(names)}"
    )


def with_tokenizer(folder: Path, matrix: ndarray, **fields: Any) -> WordVectors:
    """A copy of `matrix` as word vectors; its rows are ids of the `tokenizer.json` in `folder`."""
    try:
        tokenizer = PieceTokenizer.read(folder)
    except CheckpointError as error:
        raise DataError(str(error)) from error
    if matrix.ndim != 2 or tokenizer.size > len(matrix):
        raise DataError(
            f"{folder}: {TOKENIZER} has ids up to {tokenizer.size - 1:,}, the vectors have shape "
            f"{matrix.shape}; they belong to different models: download the folder again"
        )
    # A copy, since a mapped file cannot be changed, and the padding row is set to zero.
    vectors = np.array(matrix, np.float32)
    words = pieces_by_id(tokenizer.tokenizer, len(vectors))
    check_finite(folder, words, vectors)
    return WordVectors(words, vectors, tokenizer=tokenizer, recipe=read_recipe(folder), **fields)
