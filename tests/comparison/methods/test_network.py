"""A network as a method: its record, its size and its settings."""

from __future__ import annotations

import numpy as np
import pytest
from fake_methods import texts_of
from tables import table_of

from wordgraft.comparison.methods.network import NetworkMethod
from wordgraft.estimators import TableRows

WORDS = ["text", "says", "calm", "rain", "sun"]
TABLE = table_of(WORDS, np.random.default_rng(0).normal(size=(5, 16)))


def test_a_fit_reports_its_record_and_the_bytes_it_saves() -> None:
    method = NetworkMethod("classify", TableRows(TABLE), "bag", ({"dropout": 0.1}, {}))
    texts, labels = texts_of(60)
    fitted = method.fit(texts, labels, seed=3, trials=1)
    assert fitted.settings == {"dropout": 0.1}
    assert fitted.training is not None
    assert fitted.training["seed"] == 3
    assert fitted.parameters == fitted.training["parameters"]
    assert fitted.size() > 4 * 16 * len(WORDS)
    assert fitted.fresh is None
    assert np.mean(np.array(fitted.predictor.predict(texts)) == labels) > 0.9


def test_large_samples_of_a_bag_take_larger_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordgraft.comparison.methods.network._LARGE", 50)
    method = NetworkMethod("classify", TableRows(TABLE), "bag", ({},))
    assert method.fit(*texts_of(49), seed=0, trials=1).settings == {}
    large = method.fit(*texts_of(50), seed=0, trials=1)
    assert large.settings["training__batch_size"] == 128
    assert large.training is not None
    assert large.training["batch_size"] == 128
