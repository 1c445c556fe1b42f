"""A table on disk: three files in a folder, and what its method for unknown words has learnt.

news.table/
  vectors.safetensors   "vectors", "scales" (int8 only), "counts", "provenance.*", "move.*"
  tokenizer.json        text to row ids, readable by the tokenizers library alone
  unknown.safetensors   arrays of the unknown-word method, and its "move.*"; where it has any
  unknown.json          settings of the unknown-word method, where it has any
  table.json            format version, roles, recipe, hashes of the other files
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.checkpoint.tokenizer import pieces_by_id
from wordgraft.core.atomic_io import new_folder, sha256, write_tensors
from wordgraft.errors import CheckpointError, TableError, VocabularyError
from wordgraft.table.affine import Affine
from wordgraft.table.provenance import Provenance
from wordgraft.table.table import EmbeddingTable, UnknownWords
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

FORMAT_VERSION = 1
MARKER = "table.json"
_VECTORS = "vectors.safetensors"
_TOKENIZER = "tokenizer.json"
_UNKNOWN, _UNKNOWN_ARRAYS = "unknown.json", "unknown.safetensors"
_OWN = "array."


def save_table(table: EmbeddingTable, path: Path, *, force: bool = False) -> None:
    """Write `table` as the folder `path`, whole or not at all."""
    with new_folder(path, force=force, marker=MARKER) as folder:
        write_table(table, folder)


def write_table(table: EmbeddingTable, folder: Path) -> None:
    """Write the files of `table` into a folder that is there; half of them if that fails."""
    if not np.isfinite(table.norms).all():
        raise TableError("the vectors hold NaN or infinite values; such a table is not written")
    arrays: dict[str, ndarray] = {
        "vectors": table.vectors,
        "counts": table.vocabulary.counts,
        **table.provenance.arrays(),
    }
    if table.scales is not None:
        arrays["scales"] = table.scales
    if table.move is not None:
        arrays |= table.move.arrays("move")
    write_tensors(folder / _VECTORS, arrays)
    (folder / _TOKENIZER).write_text(table.vocabulary.tokenizer.to_str(), "utf-8")
    names = [_VECTORS, _TOKENIZER]
    names += _save_unknown(table.unknown, folder)
    description = {
        "format": FORMAT_VERSION,
        "kind": table.vocabulary.kind,
        "roles": dict(table.vocabulary.roles),
        "unknown": table.unknown.method if table.unknown else None,
        "recipe": dict(table.recipe),
        "sha256": {name: sha256(folder / name) for name in names},
    }
    (folder / MARKER).write_text(json.dumps(description, indent=2) + "\n", "utf-8")


def load_table(path: Path) -> EmbeddingTable:
    """Open the folder `path`, its vectors memory-mapped; every file is checked by its hash."""
    description = _description(path)
    # A file that is not listed has no hash to agree with.
    hashes = {_VECTORS: "", _TOKENIZER: "", **description["sha256"]}
    for name, expected in hashes.items():
        file = path / Path(name).name
        if not file.is_file():
            raise TableError(f"{path} lacks {name}; copy the whole folder again or rebuild it")
        if sha256(file) != expected:
            raise TableError(
                f"{file} is not what was saved (its hash differs from the one in {MARKER}); "
                "copy the folder again or rebuild it"
            )
    try:
        arrays = dict(Tensors([path / _VECTORS]))
        tokenizer = Tokenizer.from_file(str(path / _TOKENIZER))
        return _table(description, arrays, tokenizer, path)
    except (KeyError, TypeError, CheckpointError, VocabularyError) as error:
        raise TableError(f"{path} does not hold together ({error}); rebuild the table") from error


def _table(
    description: dict[str, Any], arrays: dict[str, ndarray], tokenizer: Tokenizer, path: Path
) -> EmbeddingTable:
    n, ids = len(arrays["vectors"]), tokenizer.get_vocab(with_added_tokens=True)
    # A tokenizer of pieces may leave ids out.
    fits = len(ids) == n if description["kind"] == "words" else len(ids) <= n
    if not fits or max(ids.values(), default=-1) >= n:
        raise TableError(
            f"{path / _VECTORS} has {n:,} rows, {_TOKENIZER} has {len(ids):,} ids up to "
            f"{max(ids.values(), default=-1):,}; rebuild the table"
        )
    words = pieces_by_id(tokenizer, n)
    vocabulary = Vocabulary(
        tuple(words), arrays["counts"], description["kind"], tokenizer, description["roles"]
    )
    table = EmbeddingTable(
        arrays["vectors"],
        vocabulary,
        Provenance.from_arrays(arrays),
        description["recipe"],
        arrays.get("scales"),
        _unknown(description, path),
        Affine.from_arrays(arrays, "move"),
    )
    if not np.isfinite(table.norms).all():
        bad = [words[row] for row in np.flatnonzero(~np.isfinite(table.norms))[:3]]
        raise TableError(f"{path} holds NaN or infinite vectors (of {bad}, ...); rebuild the table")
    return table


def _save_unknown(unknown: UnknownWords | None, folder: Path) -> list[str]:
    """Write what a method has learnt; the names of the files it took."""
    names: list[str] = []
    if unknown is None:
        return names
    arrays = {_OWN + name: array for name, array in unknown.arrays.items()}
    if unknown.move is not None:
        arrays |= unknown.move.arrays("move")
    if arrays:
        write_tensors(folder / _UNKNOWN_ARRAYS, arrays)
        names.append(_UNKNOWN_ARRAYS)
    if unknown.settings:
        settings = json.dumps(dict(unknown.settings), ensure_ascii=False)
        (folder / _UNKNOWN).write_text(settings, "utf-8")
        names.append(_UNKNOWN)
    return names


def _unknown(description: dict[str, Any], path: Path) -> UnknownWords | None:
    if description["unknown"] is None:
        return None
    arrays: dict[str, ndarray] = {}
    settings: dict[str, Any] = {}
    if _UNKNOWN_ARRAYS in description["sha256"]:
        arrays = dict(Tensors([path / _UNKNOWN_ARRAYS]))
    if _UNKNOWN in description["sha256"]:
        settings = json.loads((path / _UNKNOWN).read_text("utf-8"))
    return UnknownWords(
        description["unknown"],
        {name.removeprefix(_OWN): a for name, a in arrays.items() if name.startswith(_OWN)},
        settings,
        Affine.from_arrays(arrays, "move"),
    )


def _description(path: Path) -> dict[str, Any]:
    if not (path / MARKER).is_file():
        found = "there is no such folder" if not path.is_dir() else f"it has no {MARKER}"
        raise TableError(f"{path} is no table: {found}; make one with 'wordgraft table'")
    try:
        description = json.loads((path / MARKER).read_text("utf-8"))
        version = int(description["format"])
        for key in ("roles", "recipe", "sha256"):
            description[key] = dict(description[key])
        for key in ("kind", "unknown"):
            description[key]
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path / MARKER} cannot be read ({error}); rebuild the table") from error
    if version > FORMAT_VERSION:
        raise TableError(
            f"{path} has format {version}, this wordgraft reads up to {FORMAT_VERSION}: "
            "pip install --upgrade wordgraft"
        )
    return description  # type: ignore[no-any-return]
