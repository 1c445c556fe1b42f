"""model2vec's `StaticModel` folder, which sentence-transformers loads too."""

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
    write_json,
    write_recipe,
    write_tokenizer,
)
from wordgraft.export.formats.protocol import MARKER, Format, WordVectors
from wordgraft.table import EmbeddingTable

_CONFIG = "config.json"


def write_model2vec(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a folder that `StaticModel.from_pretrained` loads; rows as float32. Returns 0.

    Its sentence vectors are the means of the rows of a text's words. model2vec leaves
    out-of-vocabulary words out of that mean, whatever the table's method for them. Raises
    `OutputError`.
    """
    with new_folder(path, force=force, marker=MARKER) as folder:
        write_static_model(table, folder)
        write_recipe(table, folder)
    return 0


def write_static_model(table: EmbeddingTable, folder: Path) -> None:
    """Write the files that model2vec reads into an existing folder."""
    arrays = {"embeddings": table.rows()}
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "normalize": False,
        # Without it, texts are cut off after 512 words.
        "max_length": None,
        "hidden_dim": table.dims,
        "embedding_dtype": "float32",
    }
    ids = table.vocabulary.tokenizer.get_vocab(with_added_tokens=True)
    if len(ids) != len(table):
        # A tokenizer of pieces skips ids; model2vec must be told that there are more rows.
        arrays["mapping"] = np.arange(len(table), dtype=np.int64)
        config["vocabulary_quantization"] = len(table)
    write_tensors(folder / TENSORS, arrays)
    write_tokenizer(table, folder)
    write_json(folder / _CONFIG, config)
    module = {
        "idx": 0,
        "name": "0",
        "path": ".",
        "type": "sentence_transformers.models.StaticEmbedding",
    }
    write_json(folder / "modules.json", [module])


def read_model2vec(path: Path, *, progress: bool = False) -> WordVectors:
    """Read such a folder, written by any version of model2vec. Raises `DataError`."""
    tensors = tensors_of(path / TENSORS)
    matrix = named(tensors, ["embeddings"], path / TENSORS)
    # With a quantized vocabulary, words share rows, and each has its own weight.
    if "mapping" in tensors:
        matrix = matrix[np.asarray(tensors["mapping"], np.int64)]
    if "weights" in tensors:
        matrix = matrix.astype(np.float32) * tensors["weights"].astype(np.float32)[:, None]
    return with_tokenizer(path, matrix)


def _sniff(path: Path, head: bytes) -> bool:
    files = (TENSORS, TOKENIZER, _CONFIG)
    return all((path / file).is_file() for file in files) and "embeddings" in tensors_of(
        path / TENSORS
    )


MODEL2VEC = Format("model2vec", "model2vec", write_model2vec, read_model2vec, _sniff, folder=True)
