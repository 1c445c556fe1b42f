"""Arguments without `auto`."""

from __future__ import annotations

import math

import pytest
from tables import random_table

import wordgraft as wg
from wordgraft.errors import SettingsError
from wordgraft.estimators.resolved import resolve

TABLE = random_table(5, 4)


@pytest.mark.parametrize(
    ("model", "network", "hidden", "regime"),
    [
        (wg.TextClassifier(TABLE), "bag", 256, "embeddings"),
        (wg.TextClassifier(wg.TableRows(TABLE, trainable=False)), "bag", 256, "frozen"),
        (wg.TextClassifier(wg.FrozenEncoder("e")), "logistic", 128, "frozen"),
        (wg.TextClassifier(wg.FrozenEncoder("e"), network="bilstm"), "bilstm", 128, "frozen"),
        (wg.TextClassifier(wg.Encoder("e", regime="lp-ft")), "encoder", 128, "lp-ft"),
        (wg.SequenceTagger(TABLE), "bilstm-crf", 200, "frozen"),
        (wg.SequenceTagger(wg.TableRows(TABLE, trainable=True)), "bilstm-crf", 200, "embeddings"),
        (wg.SequenceTagger(wg.FrozenEncoder("e")), "bilstm-crf", 200, "frozen"),
    ],
)
def test_the_network_and_the_regime_follow_from_the_first_layer(
    model: object, network: str, hidden: int, regime: str
) -> None:
    resolved = resolve(model)
    assert (resolved.network, resolved.hidden, resolved.regime.name) == (network, hidden, regime)


def test_a_plan_holds_what_is_given_and_the_recipe_for_the_rest() -> None:
    training = wg.TrainingSettings(epochs=3, head_rate=0.1, validation_share=0.3, patience=2)
    plan = resolve(wg.TextClassifier(TABLE, training=training)).plan(7, 500)
    assert (plan.seed, plan.head_rate, plan.rows_rate, plan.body_rate) == (7, 0.1, 1e-3, None)
    assert (plan.batch_size, plan.patience, plan.clip) == (32, 2, math.inf)
    encoder = resolve(wg.TextClassifier(wg.Encoder("e", regularizer="lora"))).plan(0, 500)
    assert (encoder.batch_size, encoder.clip, encoder.schedule) == (16, 1.0, "linear")
    assert [regularizer.name for regularizer in encoder.regularizers] == ["lora"]


def test_casing_is_read_unless_the_encoder_does() -> None:
    assert resolve(wg.SequenceTagger(TABLE)).casing
    assert not resolve(wg.SequenceTagger(TABLE, casing=False)).casing
    assert not resolve(wg.SequenceTagger(wg.Encoder("e"))).casing


def test_anything_else_is_not_a_first_layer() -> None:
    with pytest.raises(SettingsError, match="first_layer is 7; expected an EmbeddingTable"):
        resolve(wg.TextClassifier(7))  # type: ignore[arg-type]
