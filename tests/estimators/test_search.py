"""A search of settings through the estimators."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tables import table_of
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.errors import ProgressError, SettingsError

RNG = np.random.default_rng(0)
TABLE = table_of(["sun", "warm", "rain", "cold"], RNG.normal(size=(4, 8)) * 0.3)
X, Y = ["warm sun", "sun", "cold rain", "rain"] * 10, ["good", "good", "bad", "bad"] * 10


def classifier(**training: object) -> wg.TextClassifier:
    settings = wg.TrainingSettings(**{"epochs": 2, **training})
    return wg.TextClassifier(TABLE, hidden=8, training=settings, random_state=0)


def test_the_best_settings_come_back_in_an_unfitted_model() -> None:
    model = classifier()
    result = wg.search(model, X, Y, trials=3, random_state=0)
    assert len(result.scores) == 3
    assert result.score == max(result.scores)
    assert set(result.settings) == {"training__head_rate", "training__rows_rate"}
    assert result.model.training.head_rate == result.settings["training__head_rate"]
    assert result.model.training.epochs == 2
    assert not hasattr(result.model, "network_")
    assert (model.training.head_rate, hasattr(model, "network_")) == ("auto", False)
    rates = result.settings.values()
    assert all(2.5e-4 <= rate <= 4e-3 for rate in rates)  # around 1e-3
    assert wg.search(model, X, Y, trials=3, random_state=0).scores == result.scores


def test_rows_that_are_not_trained_have_no_rate_to_search() -> None:
    model = classifier().set_params(first_layer__trainable=False)
    result = wg.search(model, X, Y, trials=1, random_state=0)
    assert result.settings == {"training__head_rate": 1e-3}
    assert "head_rate 0.001; score" in str(result)
    result.model.fit(X, Y)


def test_an_interrupted_search_continues_from_its_file(tmp_path: Path) -> None:
    options = {"random_state": 0, "progress_file": tmp_path / "trials"}
    first = wg.search(classifier(), X, Y, trials=1, **options)
    both = wg.search(classifier(), X, Y, trials=2, **options)
    assert both.scores[0] == first.scores[0]
    with pytest.raises(ProgressError, match="another run: its epochs is '2'"):
        wg.search(classifier(epochs=3), X, Y, trials=2, **options)


def test_values_of_regularizers_are_searched(tiny_checkpoint: Callable[[str], Path]) -> None:
    labels = ["money" if "bank" in text else "other" for text in SENTENCES]
    model = wg.TextClassifier(
        wg.Encoder(tiny_checkpoint("bert"), regularizer="layer_decay"),
        training=wg.TrainingSettings(epochs=1, device="cpu"),
        random_state=0,
    )
    result = wg.search(model, SENTENCES, labels, trials=2)
    (regularizer,) = result.settings["first_layer__regularizer"]
    assert result.model.first_layer.regularizer == (regularizer,)
    assert 0.7 <= regularizer.rate <= 1
    assert not math.isnan(result.score)


def test_what_cannot_be_searched_is_refused(tiny_checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(SettingsError, match="trials is 0, expected a whole number from 1"):
        wg.search(classifier(), X, Y, trials=0)
    frozen = wg.TextClassifier(wg.FrozenEncoder(tiny_checkpoint("bert")))
    with pytest.raises(SettingsError, match="there is nothing to search"):
        wg.search(frozen, X, Y, trials=1)
