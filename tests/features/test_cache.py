"""The cache folder: its entries, and what is deleted first."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import wordgraft as wg
from wordgraft.features import FeatureRecipe, cache_folder, clear, entries, features_of, prune

TEXTS = [["The", "sun", "is", "warm", "."], ["unbelievably", "cold"], [], ["rain"]]


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    return wg.open_checkpoint(tiny_checkpoint("bert"))


def test_entries_are_listed_pruned_and_cleared(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    old, new = FeatureRecipe.of(checkpoint), FeatureRecipe.of(checkpoint, layers=[1])
    for recipe in (old, new):
        features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    long_ago = time.time() - 10 * 86_400
    os.utime(tmp_path / old.key, (long_ago, long_ago))
    cached = entries(tmp_path)
    assert [entry.layers for entry in cached] == [new.layers, old.layers]
    assert [entry.texts for entry in cached] == [4, 4]
    assert cached[0].size == sum(f.stat().st_size for f in (tmp_path / new.key).iterdir())
    assert [entry.layers for entry in prune(tmp_path, days=5)] == [old.layers]
    assert prune(tmp_path, size=10**9) == []
    assert len(clear(tmp_path)) == 1
    assert entries(tmp_path) == []
    shutil.rmtree(tmp_path)
    assert entries(tmp_path) == []


def test_the_folder_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORDGRAFT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "features"
    monkeypatch.delenv("WORDGRAFT_CACHE")
    assert cache_folder().parts[-2:] == ("wordgraft", "features")


def test_the_least_recently_used_go_first(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    recipes = [FeatureRecipe.of(checkpoint, layers=[layer]) for layer in range(3)]
    now = time.time()
    for age, recipe in enumerate(recipes):
        features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
        used = now - 60 * age
        os.utime(tmp_path / recipe.key, (used, used))
    sizes = [entry.size for entry in entries(tmp_path)]
    deleted = prune(tmp_path, size=sum(sizes) - 1)
    assert [entry.layers for entry in deleted] == [(2,)]
    assert [entry.layers for entry in entries(tmp_path)] == [(0,), (1,)]
