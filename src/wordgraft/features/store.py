"""Frozen vectors on disk, in shards that are mapped into memory and never changed.

    ~/.cache/wordgraft/features/   on Linux; or $WORDGRAFT_CACHE/features
      KEY/                         one folder per recipe
        recipe.json                format version, checkpoint, layers, pooling
        NAME.safetensors           vectors (words, layers, dims) fp16, lengths and hashes (texts,)

A shard is written to a temporary sibling and renamed, so a reader sees only whole shards, and
several runs can add to a folder at once.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import new_file, write_tensors
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, OutputError
from wordgraft.features.recipe import FeatureRecipe

if TYPE_CHECKING:
    from jaxtyping import Float16, Int64
    from numpy import ndarray

FORMAT_VERSION = 1
RECIPE_FILE = "recipe.json"
_LOG = logging.getLogger(__name__)
# Joins the words of a text before it is hashed; no word contains it.
_SEPARATOR = "\x1f"


class FeatureStore:
    """The stored vectors of one recipe, by text.

    Args:
        folder: holds all recipes, such as `cache_folder()`; None stores vectors only in memory.
        name: name of the checkpoint, for people to read.

    >>> recipe = FeatureRecipe("weights", "tokenizer", layers=(3,), pooling="words")
    >>> store = FeatureStore(None, recipe, name="tiny")
    >>> store.add([["some", "tea"]], np.ones((2, 1, 4), np.float16), np.array([2]))
    >>> ["some", "tea"] in store, ["tea"] in store
    (True, False)
    >>> store[store.places_of([["some", "tea"]]).ids].shape
    (2, 1, 4)
    """

    def __init__(self, folder: Path | None, recipe: FeatureRecipe, *, name: str) -> None:
        self.recipe = recipe
        self._name = name
        self._folder = None if folder is None else folder / recipe.key
        self._shards: list[Float16[ndarray, "words layers dims"]] = []
        self._starts = np.zeros(1, np.int64)
        # Hash of a text to the place of its first vector, and the number of its vectors.
        self._texts: dict[int, tuple[int, int]] = {}
        if self._folder is not None and self._folder.is_dir():
            self._open(self._folder)

    def __contains__(self, text: Sequence[str]) -> bool:
        return _hash(text) in self._texts

    def __getitem__(self, places: Int64[ndarray, " some"]) -> Float16[ndarray, "some layers dims"]:
        """Vectors by place; `places_of` gives the places of a text."""
        shard_of = np.searchsorted(self._starts, places, side="right") - 1
        shape = self._shards[0].shape[1:] if self._shards else (len(self.recipe.layers), 0)
        vectors = np.empty((len(places), *shape), np.float16)
        for shard in np.unique(shard_of):
            rows = np.flatnonzero(shard_of == shard)
            vectors[rows] = self._shards[shard][places[rows] - self._starts[shard]]
        return vectors

    def places_of(self, texts: Sequence[Sequence[str]]) -> Ragged:
        """Per text, the places of its vectors. Every text must be in the store."""
        spans = np.array([self._texts[_hash(text)] for text in texts], np.int64).reshape(-1, 2)
        starts, lengths = spans.T
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(places, offsets)

    def add(
        self,
        texts: Sequence[Sequence[str]],
        vectors: Float16[ndarray, "words layers dims"],
        lengths: Int64[ndarray, " texts"],
    ) -> None:
        """Store the vectors of some texts, in their order. Raises `OutputError`."""
        hashes = np.array([_hash(text) for text in texts], np.uint64)
        if self._folder is not None:
            self._write({"vectors": vectors, "lengths": lengths, "hashes": hashes})
        self._append(vectors, lengths, hashes)

    def _append(self, vectors: ndarray, lengths: ndarray, hashes: ndarray) -> None:
        start = int(self._starts[-1])
        begins = start + np.cumsum(lengths) - lengths
        spans = zip(hashes.tolist(), begins.tolist(), lengths.tolist(), strict=True)
        for number, begin, length in spans:
            self._texts.setdefault(number, (begin, length))
        self._shards.append(vectors)
        self._starts = np.append(self._starts, start + len(vectors))

    def _write(self, arrays: dict[str, ndarray]) -> None:
        assert self._folder is not None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot store vectors in {self._folder} ({error.strerror}); set WORDGRAFT_CACHE "
                "to a writable folder, or turn the cache off (first_layer__cache=None)"
            ) from error
        if not (self._folder / RECIPE_FILE).is_file():
            content = {"format": FORMAT_VERSION, "checkpoint": self._name, **asdict(self.recipe)}
            with new_file(self._folder / RECIPE_FILE, force=True) as scratch:
                scratch.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        with new_file(self._folder / f"{uuid.uuid4().hex}.safetensors", force=False) as scratch:
            write_tensors(scratch, arrays)

    def _open(self, folder: Path) -> None:
        version = _version(folder)
        if version != FORMAT_VERSION:
            _LOG.warning(
                "%s was written by another version of wordgraft (format %s, this one has %s); its "
                "vectors are computed again ('wordgraft cache clear' deletes them)",
                folder,
                version,
                FORMAT_VERSION,
            )
            self._folder = folder.with_name(f"{folder.name}-{FORMAT_VERSION}")
            if not self._folder.is_dir():
                return
            folder = self._folder
        damaged = 0
        for path in sorted(folder.glob("*.safetensors")):
            try:
                arrays = Tensors([path])
                names = ("vectors", "lengths", "hashes")
                vectors, lengths, hashes = (arrays[name] for name in names)
                whole = len(vectors) == lengths.sum() and len(lengths) == len(hashes)
            except (CheckpointError, KeyError):
                whole = False
            if whole:
                self._append(vectors, np.array(lengths), np.array(hashes))
            else:
                damaged += 1
        if damaged:
            _LOG.warning(
                "%s: %s damaged shards are ignored; their texts are computed again", folder, damaged
            )
        os.utime(folder)  # the last use, which `prune` goes by


def _version(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / RECIPE_FILE).read_text("utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hash(text: Sequence[str]) -> int:
    from xxhash import xxh3_64_intdigest

    joined = _SEPARATOR.join(text).encode("utf-8", "surrogatepass")
    return int(xxh3_64_intdigest(joined))
