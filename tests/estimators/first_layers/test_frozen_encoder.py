"""The vectors of a frozen encoder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV
from weather_texts import LABELS as Y
from weather_texts import TEXTS as X
from weather_texts import frozen

import wordgraft as wg
from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers import FrozenEncoder, LayerContext
from wordgraft.estimators.first_layers.frozen_encoder import wrong_checkpoint

TEXTS = ["the river", "a bank of the river"]


def test_layers_that_are_asked_for_are_given(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tiny_checkpoint("bert")
    context = LayerContext(per_word=False, device="cpu")
    both = FrozenEncoder(folder, layers=[1, 3], cache=tmp_path).fitted(context)
    last = FrozenEncoder(folder, layers=[3], cache=None).fitted(context)
    assert (both.layers, both.dims, last.layers) == (2, 32, 1)
    vectors = [
        np.asarray(read.rows.stored[read.ids.ids], np.float32)
        for read in (layer.begin(TEXTS) for layer in (both, last, both.without_cache()))
    ]
    assert vectors[0].shape == (7, 2, 32)
    assert_allclose(vectors[0][:, 1], vectors[1][:, 0], atol=2e-3)  # cached as float16
    assert_allclose(vectors[0], vectors[2], atol=2e-3)
    assert any(tmp_path.rglob("*"))


def test_what_cannot_name_a_checkpoint_is_a_fault() -> None:
    assert [*wrong_checkpoint("bert")] == []
    (fault,) = wrong_checkpoint(3)
    assert fault.startswith("first_layer.checkpoint is 3, expected an open checkpoint")


@pytest.mark.parametrize("network", ["bag", "bilstm"])
def test_other_networks_on_frozen_features(
    network: str, tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    checkpoint = shutil.copytree(tiny_checkpoint("bert"), tmp_path / "bert")
    fitted = frozen(
        checkpoint,
        network=network,
        hidden=16,
        training=wg.TrainingSettings(head_rate=1e-2, batch_size=8),
    ).fit(X, Y)
    assert fitted.score(X, Y) > 0.9
    assert fitted.unknown_ is None
    fitted.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    shutil.rmtree(checkpoint)
    with pytest.raises(TrainingError, match=r"needs the frozen encoder .* which is missing"):
        wg.TextClassifier.load(tmp_path / "m")


def test_features_of_other_weights_are_refused(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    checkpoint = shutil.copytree(tiny_checkpoint("bert"), tmp_path / "bert")
    frozen(checkpoint).fit(X, Y).save(tmp_path / "m")
    shutil.rmtree(checkpoint)
    shutil.copytree(tiny_checkpoint("bert_cased"), checkpoint)
    with pytest.raises(TrainingError, match="with other weights than it has now"):
        wg.TextClassifier.load(tmp_path / "m")


def test_a_grid_search_reaches_the_layers(tiny_checkpoint: Callable[[str], Path]) -> None:
    grid = {"first_layer__layers": [[1], [3]], "class_weight": ["balanced", None]}
    search = GridSearchCV(frozen(tiny_checkpoint("bert")), grid, cv=2).fit(X, Y)
    best = search.best_estimator_
    assert best.first_layer.layers == search.best_params_["first_layer__layers"]
    assert list(best.layer_.recipe.layers) == best.first_layer.layers
    assert best.score(X, Y) > 0.95
