"""Recipes: one key for one kind of vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import wordgraft as wg
from wordgraft.errors import CheckpointError
from wordgraft.features import FeatureRecipe


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    return wg.open_checkpoint(tiny_checkpoint("bert"))


def test_other_layers_pooling_or_weights_have_another_key(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    one = wg.open_checkpoint(tiny_checkpoint("bert"))
    other = wg.open_checkpoint(tiny_checkpoint("roberta"))
    recipes = [
        FeatureRecipe.of(one),
        FeatureRecipe.of(one, layers=[0]),
        FeatureRecipe.of(one, layers=[0], pooling="text"),
        FeatureRecipe.of(other),
    ]
    assert len({recipe.key for recipe in recipes}) == 4
    assert FeatureRecipe.of(one).key == recipes[0].key


def test_unknown_layers_and_poolings_are_refused(checkpoint: wg.Checkpoint) -> None:
    with pytest.raises(CheckpointError, match=r"has layers 0 to \d+; asked for \[99\]"):
        FeatureRecipe.of(checkpoint, layers=[99])
    with pytest.raises(CheckpointError, match="unknown pooling 'both'; choose one of words"):
        FeatureRecipe.of(checkpoint, pooling="both")
