"""A table on disk: three files in a folder, and the state of its out-of-vocabulary method.

news.table/
  vectors.safetensors   "vectors", "scales" (int8 only), "counts", "provenance.*", "move.*"
  tokenizer.json        text to row ids, readable by the tokenizers library alone
  oov.safetensors       arrays of the out-of-vocabulary method and its "move.*", if it has any
  oov.json              settings of the out-of-vocabulary method, if it has any
  table.json            format version, roles, recipe, hashes of the other files
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from wordgraft.checkpoint.locate import download, hub_id
from wordgraft.checkpoint.tensors import Tensors
from wordgraft.checkpoint.tokenizer import pieces_by_id
from wordgraft.core.atomic_io import sha256, write_tensors
from wordgraft.errors import CheckpointError, TableError, VocabularyError
from wordgraft.table.affine import Affine
from wordgraft.table.oov_state import OovState
from wordgraft.table.provenance import Provenance
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

FORMAT_VERSION = 1
MARKER = "table.json"
_VECTORS = "vectors.safetensors"
_TOKENIZER = "tokenizer.json"
_OOV_SETTINGS, _OOV_ARRAYS = "oov.json", "oov.safetensors"
_FILES = (MARKER, _VECTORS, _TOKENIZER, _OOV_SETTINGS, _OOV_ARRAYS)
_OWN = "array."


def write_fields(fields: Mapping[str, Any], folder: Path) -> None:
    """Write the fields of an `EmbeddingTable` into a folder that exists."""
    vocabulary, oov = fields["vocabulary"], fields["oov"]
    arrays: dict[str, ndarray] = {
        "vectors": fields["vectors"],
        "counts": vocabulary.counts,
        **fields["provenance"].arrays(),
    }
    if fields["scales"] is not None:
        arrays["scales"] = fields["scales"]
    if fields["move"] is not None:
        arrays |= fields["move"].arrays("move")
    write_tensors(folder / _VECTORS, arrays)
    (folder / _TOKENIZER).write_text(vocabulary.tokenizer.to_str(), "utf-8")
    names = [_VECTORS, _TOKENIZER, *_write_oov(oov, folder)]
    description = {
        "format": FORMAT_VERSION,
        "kind": vocabulary.kind,
        "roles": dict(vocabulary.roles),
        "oov": None if oov is None else oov.method,
        "recipe": dict(fields["recipe"]),
        "sha256": {name: sha256(folder / name) for name in names},
    }
    (folder / MARKER).write_text(json.dumps(description, indent=2) + "\n", "utf-8")


def read_fields(name: str | Path) -> dict[str, Any]:
    """The fields of the `EmbeddingTable` in a folder, or on the hub, its vectors memory-mapped.

    Every file is checked against its hash. Raises `TableError` for a damaged folder.
    """
    path = _located(name)
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
        return _fields(description, arrays, tokenizer, path)
    except (KeyError, TypeError, CheckpointError, VocabularyError) as error:
        raise TableError(f"{path} is inconsistent ({error}); rebuild the table") from error


def _located(name: str | Path) -> Path:
    """The folder of a table: `name` itself, or what `owner/name` is on the hub."""
    path, id = Path(name), hub_id(name)
    if path.exists() or id is None or "/" not in id[0]:
        return path
    expected = "a table is a folder that 'wordgraft table' made, or owner/name on the hub"
    return download(*id, _FILES, error=TableError, expected=expected)


def _fields(
    description: dict[str, Any], arrays: dict[str, ndarray], tokenizer: Tokenizer, path: Path
) -> dict[str, Any]:
    n, ids = len(arrays["vectors"]), tokenizer.get_vocab(with_added_tokens=True)
    # A tokenizer of pieces may skip ids.
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
    return {
        "vectors": arrays["vectors"],
        "vocabulary": vocabulary,
        "provenance": Provenance.from_arrays(arrays),
        "recipe": description["recipe"],
        "scales": arrays.get("scales"),
        "oov": _read_oov(description, path),
        "move": Affine.from_arrays(arrays, "move"),
    }


def _write_oov(oov: OovState | None, folder: Path) -> list[str]:
    """Write the state of an out-of-vocabulary method; returns the names of the files written."""
    names: list[str] = []
    if oov is None:
        return names
    arrays = {_OWN + name: array for name, array in oov.arrays.items()}
    if oov.move is not None:
        arrays |= oov.move.arrays("move")
    if arrays:
        write_tensors(folder / _OOV_ARRAYS, arrays)
        names.append(_OOV_ARRAYS)
    if oov.settings:
        settings = json.dumps(dict(oov.settings), ensure_ascii=False)
        (folder / _OOV_SETTINGS).write_text(settings, "utf-8")
        names.append(_OOV_SETTINGS)
    return names


def _read_oov(description: dict[str, Any], path: Path) -> OovState | None:
    if description["oov"] is None:
        return None
    arrays: dict[str, ndarray] = {}
    settings: dict[str, Any] = {}
    if _OOV_ARRAYS in description["sha256"]:
        arrays = dict(Tensors([path / _OOV_ARRAYS]))
    if _OOV_SETTINGS in description["sha256"]:
        settings = json.loads((path / _OOV_SETTINGS).read_text("utf-8"))
    return OovState(
        description["oov"],
        {name.removeprefix(_OWN): a for name, a in arrays.items() if name.startswith(_OWN)},
        settings,
        Affine.from_arrays(arrays, "move"),
    )


def _description(path: Path) -> dict[str, Any]:
    if not (path / MARKER).is_file():
        reason = "there is no such folder" if not path.is_dir() else f"it has no {MARKER}"
        raise TableError(f"{path} is not a table: {reason}; make one with 'wordgraft table'")
    try:
        description = json.loads((path / MARKER).read_text("utf-8"))
        version = int(description["format"])
        for key in ("roles", "recipe", "sha256"):
            description[key] = dict(description[key])
        for key in ("kind", "oov"):
            description[key]
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path / MARKER} cannot be read ({error}); rebuild the table") from error
    if version > FORMAT_VERSION:
        raise TableError(
            f"{path} has format {version}; this wordgraft reads up to {FORMAT_VERSION}: "
            "pip install --upgrade wordgraft"
        )
    return description  # type: ignore[no-any-return]
