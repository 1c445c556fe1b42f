"""What a classifier and a tagger share, as scikit-learn sees it."""

from __future__ import annotations

import pytest
from tables import random_table

import wordgraft as wg

TABLE = random_table(5, 4)


def test_nested_parameters_need_no_values_around_them() -> None:
    model = wg.TextClassifier(TABLE)
    model.set_params(training__epochs=3, first_layer__oov="zero", hidden=7)
    assert model.training == wg.TrainingSettings(epochs=3)
    assert model.first_layer == wg.TableRows(TABLE, oov="zero")
    assert model.get_params()["training__epochs"] == 3
    with pytest.raises(ValueError, match="has no parameter speed"):
        model.set_params(training__speed=3)


def test_a_first_layer_and_its_option_are_set_together() -> None:
    model = wg.TextClassifier(TABLE)
    model.set_params(first_layer=wg.FrozenEncoder("e"), first_layer__layers=[2])
    assert model.first_layer == wg.FrozenEncoder("e", layers=[2])


def test_only_a_model_on_a_table_has_one() -> None:
    training = wg.TrainingSettings(epochs=1)
    model = wg.TextClassifier(TABLE, training=training, random_state=0)
    model.fit(["w1 w2", "w3"] * 3, [1, 0] * 3)
    assert model.table_.dims == 4
    assert model.label_names == ["0", "1"]
    assert model.unknown_ is not None
