"""Shards on disk: whole or ignored, and of this version."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from feature_texts import TEXTS, vectors_of
from file_modes import umask, wrong_modes
from numpy.testing import assert_array_equal

import wordgraft as wg
from wordgraft.errors import OutputError
from wordgraft.features import FeatureRecipe, features_of


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    return wg.open_checkpoint(tiny_checkpoint("bert"))


def test_damaged_and_half_written_shards_are_ignored(
    checkpoint: wg.Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    good = features_of(checkpoint, TEXTS[:1], recipe, cache=tmp_path)
    first = {*(tmp_path / recipe.key).glob("*.safetensors")}
    features_of(checkpoint, TEXTS[1:], recipe, cache=tmp_path)
    (second,) = {*(tmp_path / recipe.key).glob("*.safetensors")} - first
    second.write_bytes(second.read_bytes()[:-10])
    (tmp_path / recipe.key / ".half.safetensors.x").write_bytes(b"half")
    with caplog.at_level(logging.WARNING, logger="wordgraft"):
        again = features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    assert "1 damaged shards are ignored" in caplog.text
    assert again.computed == 3
    assert_array_equal(vectors_of(again, 0), vectors_of(good, 0))


def test_a_half_deleted_cache_is_computed_again(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    for shard in (tmp_path / recipe.key).glob("*.safetensors"):
        shard.unlink()
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 4


def test_another_versions_cache_is_not_read(
    checkpoint: wg.Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    path = tmp_path / recipe.key / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 4
    assert "was written by another version of wordgraft (format 99" in caplog.text
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 0
    assert path.is_file()


def test_a_folder_that_is_not_writable_says_what_to_do(
    checkpoint: wg.Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="set WORDGRAFT_CACHE to a writable folder"):
        features_of(checkpoint, TEXTS, FeatureRecipe.of(checkpoint), cache=tmp_path / "file")


def test_shards_follow_the_umask(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    with umask(0o027):
        features_of(checkpoint, TEXTS, FeatureRecipe.of(checkpoint), cache=tmp_path / "cache")
    assert wrong_modes(tmp_path, 0o027) == {}
