"""Frozen vectors on disk, in shards that are mapped into memory and never changed.

~/.cache/wordgraft/features/     on Linux; or $WORDGRAFT_CACHE/features
  KEY/                           a folder a recipe
    recipe.json                  format version, checkpoint, layers, pooling
    NAME.safetensors             vectors (words, layers, dims) fp16, lengths and hashes (texts,)

A shard is written beside its place and renamed into it, so that a reader sees whole ones alone;
several runs may add to a folder at once.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash
from platformdirs import user_cache_path

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import new_file, write_tensors
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, DataError, OutputError
from wordgraft.features.recipe import FeatureRecipe

if TYPE_CHECKING:
    from jaxtyping import Float16, Int64
    from numpy import ndarray

FORMAT_VERSION = 1
_RECIPE = "recipe.json"
_LOG = logging.getLogger(__name__)
# Between the words of a text when it is hashed; no word holds it.
_BETWEEN = "\x1f"


def cache_folder() -> Path:
    """Where frozen vectors are kept: `$WORDGRAFT_CACHE`, or `wordgraft` among the user's caches."""
    given = os.environ.get("WORDGRAFT_CACHE")
    base = Path(given) if given else user_cache_path("wordgraft", appauthor=False)
    return base / "features"


class FeatureStore:
    """The kept vectors of one recipe, by text.

    Args:
        folder: of all recipes, such as `cache_folder()`; None keeps them in memory alone.
        name: of the checkpoint, for people to read.
    """

    def __init__(self, folder: Path | None, recipe: FeatureRecipe, *, name: str) -> None:
        self.recipe = recipe
        self._name = name
        self._folder = None if folder is None else folder / recipe.key
        self._shards: list[Float16[ndarray, "words layers dims"]] = []
        self._starts = np.zeros(1, np.int64)
        # Hash of a text to where its words begin, and how many there are.
        self._texts: dict[int, tuple[int, int]] = {}
        if self._folder is not None and self._folder.is_dir():
            self._open(self._folder)

    def __contains__(self, text: Sequence[str]) -> bool:
        return _hash(text) in self._texts

    def __getitem__(self, places: Int64[ndarray, " some"]) -> Float16[ndarray, "some layers dims"]:
        """Vectors by place; `places_of` says where a text's stand."""
        shard_of = np.searchsorted(self._starts, places, side="right") - 1
        found = None
        for number in np.unique(shard_of):
            chosen = np.flatnonzero(shard_of == number)
            vectors = self._shards[number][places[chosen] - self._starts[number]]
            if found is None:
                found = np.empty((len(places), *vectors.shape[1:]), np.float16)
            found[chosen] = vectors
        if found is None:
            shape = self._shards[0].shape[1:] if self._shards else (len(self.recipe.layers), 0)
            found = np.empty((0, *shape), np.float16)
        return found

    def places_of(self, texts: Sequence[Sequence[str]]) -> Ragged:
        """Per text, the places of its vectors. Every text must be there."""
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
        """Keep the vectors of some texts, in their order. Raises `OutputError`."""
        hashes = np.array([_hash(text) for text in texts], np.uint64)
        if self._folder is not None:
            self._write({"vectors": vectors, "lengths": lengths, "hashes": hashes})
        self._take_in(vectors, lengths, hashes)

    def _take_in(self, vectors: ndarray, lengths: ndarray, hashes: ndarray) -> None:
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
                f"cannot keep vectors in {self._folder} ({error.strerror}); set WORDGRAFT_CACHE to "
                "a folder that may be written, or cache nothing (first_layer__cache=None)"
            ) from error
        if not (self._folder / _RECIPE).is_file():
            content = {"format": FORMAT_VERSION, "checkpoint": self._name, **asdict(self.recipe)}
            with new_file(self._folder / _RECIPE, force=True) as scratch:
                scratch.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        with new_file(self._folder / f"{uuid.uuid4().hex}.safetensors", force=False) as scratch:
            write_tensors(scratch, arrays)

    def _open(self, folder: Path) -> None:
        version = _version(folder)
        if version != FORMAT_VERSION:
            _LOG.warning(
                "%s was kept by another version of wordgraft (format %s, this one has %s); its "
                "vectors are computed anew ('wordgraft cache clear' deletes them)",
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
                vectors, lengths, hashes = (arrays[n] for n in ("vectors", "lengths", "hashes"))
                whole = len(vectors) == lengths.sum() and len(lengths) == len(hashes)
            except (CheckpointError, KeyError):
                whole = False
            if whole:
                self._take_in(vectors, np.array(lengths), np.array(hashes))
            else:
                damaged += 1
        if damaged:
            _LOG.warning("%s: %s damaged shards are left aside; computed anew", folder, damaged)
        os.utime(folder)  # prune goes by the last use


def _version(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / _RECIPE).read_text("utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hash(text: Sequence[str]) -> int:
    joined = _BETWEEN.join(text).encode("utf-8", "surrogatepass")
    return int(xxhash.xxh3_64_intdigest(joined))


@dataclass(frozen=True)
class CacheEntry:
    """What is kept of one recipe.

    Attributes:
        folder: where it lies.
        checkpoint: the name it was computed from; empty where that cannot be read.
        layers, pooling: as `FeatureRecipe` has them.
        texts: how many there are.
        size: bytes.
        used: seconds since 1970, the last use.
    """

    folder: Path
    checkpoint: str
    layers: tuple[int, ...]
    pooling: str
    texts: int
    size: int
    used: float


def entries(folder: Path) -> list[CacheEntry]:
    """What is kept in a cache folder, the last used first."""
    found = [_entry(each) for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
    return sorted(found, key=lambda entry: -entry.used)


def prune(folder: Path, *, days: float | None = None, size: int | None = None) -> list[CacheEntry]:
    """Delete what was not used for `days`, then the longest unused until `size` bytes are left.

    Returns what was deleted.
    """
    kept, deleted, total = entries(folder), [], 0
    for entry in kept:
        total += entry.size
        old = days is not None and time.time() - entry.used > days * 86_400
        if old or (size is not None and total > size):
            total -= entry.size
            deleted.append(entry)
    for entry in deleted:
        shutil.rmtree(entry.folder)
    return deleted


def clear(folder: Path) -> list[CacheEntry]:
    """Delete everything that is kept in a cache folder. Returns what was deleted."""
    return prune(folder, size=0)


def _entry(folder: Path) -> CacheEntry:
    try:
        recipe = json.loads((folder / _RECIPE).read_text("utf-8"))
        described = str(recipe["checkpoint"]), tuple(recipe["layers"]), str(recipe["pooling"])
    except (OSError, ValueError, KeyError, TypeError):
        described = "", (), ""
    texts = 0
    for path in folder.glob("*.safetensors"):
        try:
            texts += Tensors([path]).shape("hashes")[0]
        except (CheckpointError, KeyError, DataError):
            continue
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return CacheEntry(folder, *described, texts, size, folder.stat().st_mtime)
