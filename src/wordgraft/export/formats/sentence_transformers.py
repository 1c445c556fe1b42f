"""A sentence-transformers model of one `StaticEmbedding`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wordgraft.core.atomic_io import new_folder, write_tensors
from wordgraft.errors import DataError
from wordgraft.export.formats.folders import (
    TENSORS,
    named,
    read_json,
    read_recipe,
    tensors_of,
    with_tokenizer,
    write_json,
    write_recipe,
    write_tokenizer,
)
from wordgraft.export.formats.protocol import MARKER, Format, WordVectors
from wordgraft.table import EmbeddingTable

_MODULES = "modules.json"
_MODULE = "0_StaticEmbedding"


def write_sentence_transformers(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a folder that `SentenceTransformer` loads; rows as float32. Returns 0.

    Its sentence vectors are the means of the rows of a text's words, with the unk row for
    out-of-vocabulary words. Raises `OutputError`.
    """
    with new_folder(path, force=force, marker=MARKER) as folder:
        write_static_embedding(table, folder)
        write_recipe(table, folder)
    return 0


def write_static_embedding(table: EmbeddingTable, folder: Path) -> None:
    """Write the files that sentence-transformers reads into an existing folder."""
    inner = folder / _MODULE
    inner.mkdir()
    write_tensors(inner / TENSORS, {"embedding.weight": table.rows()})
    write_tokenizer(table, inner)
    module = {
        "idx": 0,
        "name": "0",
        "path": _MODULE,
        # The name that version 3.2 introduced; later versions translate it.
        "type": "sentence_transformers.models.StaticEmbedding",
    }
    write_json(folder / _MODULES, [module])
    settings: dict[str, Any] = {
        "model_type": "SentenceTransformer",
        "prompts": {},
        "default_prompt_name": None,
    }
    write_json(folder / "config_sentence_transformers.json", settings)


def read_sentence_transformers(path: Path, *, progress: bool = False) -> WordVectors:
    """Read the `StaticEmbedding` of a model that has no other module. Raises `DataError`."""
    modules = read_json(path / _MODULES)
    try:
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
        inner = path / str(modules[0]["path"])
    except (TypeError, KeyError, IndexError) as error:
        raise DataError(f"{path / _MODULES} lists no modules; download the folder again") from error
    # A Normalize after it changes lengths of sentence vectors, not rows.
    if kinds[0] != "StaticEmbedding" or set(kinds[1:]) - {"Normalize"}:
        raise DataError(
            f"{path} is a model of {', '.join(kinds)}; only one StaticEmbedding has word vectors"
        )
    if not inner.resolve().is_relative_to(path.resolve()):
        raise DataError(f"{path / _MODULES} points out of its folder, to {inner}")
    matrix = named(tensors_of(inner / TENSORS), ["embedding.weight", "embeddings"], inner / TENSORS)
    vectors = with_tokenizer(inner, matrix)
    return WordVectors(
        vectors.words, vectors.vectors, tokenizer=vectors.tokenizer, recipe=read_recipe(path)
    )


def _sniff(path: Path, head: bytes) -> bool:
    return (path / _MODULES).is_file()


SENTENCE_TRANSFORMERS = Format(
    "sentence-transformers",
    "sentence-transformers StaticEmbedding",
    write_sentence_transformers,
    read_sentence_transformers,
    _sniff,
    folder=True,
)
