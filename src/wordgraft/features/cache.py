"""The folder of all frozen vectors: where it is, what it holds, and how to free its space."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.optional import require
from wordgraft.errors import CheckpointError, DataError
from wordgraft.features.store import RECIPE_FILE


def cache_folder() -> Path:
    """Where frozen vectors are cached: in `$WORDGRAFT_CACHE`, or among the user's caches."""
    given = os.environ.get("WORDGRAFT_CACHE")
    if given:
        return Path(given) / "features"
    platformdirs = require("platformdirs", purpose="finding the user's folder of caches")
    base: Path = platformdirs.user_cache_path("wordgraft", appauthor=False)
    return base / "features"


@dataclass(frozen=True)
class CacheEntry:
    """The cached vectors of one recipe.

    Attributes:
        folder: the folder that holds them.
        checkpoint: the name of the checkpoint; empty if it cannot be read.
        layers, pooling: as in `FeatureRecipe`.
        texts: how many texts have vectors.
        size: size in bytes.
        used: time of the last use, in seconds since 1970.
    """

    folder: Path
    checkpoint: str
    layers: tuple[int, ...]
    pooling: str
    texts: int
    size: int
    used: float


def entries(folder: Path) -> list[CacheEntry]:
    """What a cache folder holds, the most recently used first."""
    folders = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return sorted(map(_entry, folders), key=lambda entry: -entry.used)


def prune(folder: Path, *, days: float | None = None, size: int | None = None) -> list[CacheEntry]:
    """Delete what was not used for `days`, then the least recently used down to `size` bytes.

    Returns what was deleted.
    """
    deleted, remaining = [], 0
    for entry in entries(folder):
        is_old = days is not None and time.time() - entry.used > days * 86_400
        if is_old or (size is not None and remaining + entry.size > size):
            deleted.append(entry)
        else:
            remaining += entry.size
    for entry in deleted:
        shutil.rmtree(entry.folder)
    return deleted


def clear(folder: Path) -> list[CacheEntry]:
    """Delete everything in a cache folder. Returns what was deleted."""
    return prune(folder, size=0)


def _entry(folder: Path) -> CacheEntry:
    try:
        recipe = json.loads((folder / RECIPE_FILE).read_text("utf-8"))
        description = str(recipe["checkpoint"]), tuple(recipe["layers"]), str(recipe["pooling"])
    except (OSError, ValueError, KeyError, TypeError):
        description = "", (), ""
    texts = 0
    for path in folder.glob("*.safetensors"):
        try:
            texts += Tensors([path]).shape("hashes")[0]
        except (CheckpointError, KeyError, DataError):
            continue
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return CacheEntry(folder, *description, texts, size, folder.stat().st_mtime)
