"""A run that is prepared and not yet made."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_array_equal
from tables import random_table

import wordgraft as wg

TABLE = random_table(5, 4)
X, Y = ["w1 w2", "w3"] * 10, ["a", "b"] * 10


def test_what_is_prepared_is_what_fit_trains() -> None:
    model = wg.TextClassifier(TABLE, training=wg.TrainingSettings(epochs=3), random_state=0)
    prepared = model.prepare(X, Y)
    start = prepared.network.last_layer.weight.detach().clone()
    assert (len(prepared.examples), len(prepared.validation)) == (20, 4)
    assert 0 <= prepared.score(prepared.network, prepared.examples) <= 1
    record = prepared.train()
    assert not torch.equal(start, prepared.network.last_layer.weight)
    fitted = model.fit(X, Y)
    assert fitted.record_.losses == record.losses
    assert_array_equal(
        fitted.network_.last_layer.weight.detach(), prepared.network.last_layer.weight.detach()
    )


def test_a_tagger_is_scored_by_entities() -> None:
    model = wg.SequenceTagger(TABLE, hidden=8, random_state=0)
    prepared = model.prepare([["w1", "w2"]] * 10, [["B-X", "O"]] * 10)
    with torch.no_grad():
        prepared.network.last_layer.weight.zero_()
        prepared.network.last_layer.bias.copy_(torch.tensor([9.0, 0, 0]))
    assert prepared.score(prepared.network, prepared.examples) == 0.0
    assert prepared.validation_loss is not None
    assert np.isfinite(prepared.validation_loss(prepared.network, prepared.examples))
