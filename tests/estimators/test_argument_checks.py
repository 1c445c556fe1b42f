"""One error that lists every argument that makes no sense, or has no effect."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tables import random_table

import wordgraft as wg
from wordgraft.errors import SettingsError, TrainingError
from wordgraft.estimators.argument_checks import check_arguments, seed_of

TABLE = random_table(5, 4)
FROZEN, FINE_TUNED = wg.FrozenEncoder("e"), wg.Encoder("e")


@pytest.mark.parametrize("kind", [wg.TextClassifier, wg.SequenceTagger])
def test_there_are_at_most_14_arguments(kind: Any) -> None:
    assert len(inspect.signature(kind).parameters) <= 14


def test_all_faults_are_listed_at_once() -> None:
    training = wg.TrainingSettings(epochs=0, device="tpu")
    layer = wg.TableRows(TABLE, oov="guess", start="zero", trainable="maybe")
    model = wg.TextClassifier(
        layer, network="tree", hidden=0, dropout=2, class_weight="even", training=training
    )
    with pytest.raises(SettingsError) as error:
        check_arguments(model)
    for name in (
        *("network is 'tree'", "hidden is 0", "dropout is 2", "class_weight is 'even'"),
        *("training.epochs is 0", "training.device is 'tpu'", "first_layer.oov is 'guess'"),
        *("first_layer.start is 'zero'", "first_layer.trainable is 'maybe'"),
    ):
        assert name in str(error.value)
    assert isinstance(error.value, TrainingError | ValueError)


@pytest.mark.parametrize(
    ("layer", "arguments", "fault"),
    [
        (TABLE, {"network": "logistic"}, "network is 'logistic', expected one of auto, bag"),
        (TABLE, {"network": "bilstm-crf"}, "network is 'bilstm-crf', expected one of auto, bag"),
        (TABLE, {"network": "transformer", "hidden": 10}, "a multiple of 8"),
        (TABLE, {"network": "linear", "hidden": 9}, "hidden has no effect on network 'linear'"),
        (TABLE, {"network": "linear", "dropout": 0.1}, "dropout has no effect on network 'linear'"),
        (TABLE, {"head_init": "zeros"}, "or a mapping from each label to its words"),
        (TABLE, {"training": 3}, "training is 3, expected TrainingSettings"),
        (
            wg.TableRows(TABLE, trainable=False),
            {"training": wg.TrainingSettings(rows_rate=1e-3)},
            "training.rows_rate has no effect: the first layer is not trained",
        ),
        (
            TABLE,
            {"network": "linear", "training": wg.TrainingSettings(body_rate=0.1)},
            "training.body_rate has no effect",
        ),
        (
            TABLE,
            {"network": "bilstm", "training": wg.TrainingSettings(patience=3)},
            "training.patience has no effect without a validation part",
        ),
        (FROZEN, {"hidden": 8}, "hidden has no effect on network 'logistic'"),
        (FROZEN, {"dropout": 0.2}, "dropout has no effect on network 'logistic'"),
        (FROZEN, {"head_init": "labels"}, "head_init has no effect on network 'logistic'"),
        (FROZEN, {"teacher": "m"}, "network 'logistic' learns from labels alone"),
        (
            FROZEN,
            {"training": wg.TrainingSettings(epochs=3)},
            "training.epochs has no effect on network 'logistic'",
        ),
        (wg.FrozenEncoder("e", layers="top"), {}, "first_layer.layers is 'top', expected auto"),
        (wg.FrozenEncoder("e", layers=[]), {}, "first_layer.layers is [], expected auto"),
        (FINE_TUNED, {"network": "bag"}, "no network between an Encoder and the last layer"),
        (FINE_TUNED, {"hidden": 8}, "hidden has no effect on a fine-tuned Encoder"),
        (
            FINE_TUNED,
            {"training": wg.TrainingSettings(body_rate=0.1)},
            "training.body_rate has no effect",
        ),
    ],
)
def test_what_has_no_effect_is_refused_by_name(
    layer: Any, arguments: dict[str, Any], fault: str
) -> None:
    with pytest.raises(SettingsError) as error:
        check_arguments(wg.TextClassifier(layer, **arguments))
    assert fault in str(error.value)


def test_what_has_an_effect_is_accepted() -> None:
    check_arguments(wg.TextClassifier(FROZEN, training=wg.TrainingSettings(device="cpu")))
    attention = wg.Encoder("e", pooling="attention")
    check_arguments(wg.TextClassifier(attention, training=wg.TrainingSettings(body_rate=0.1)))
    shares = wg.TrainingSettings(patience=3, validation_share=0.1)
    check_arguments(wg.TextClassifier(FINE_TUNED, training=shares))
    arrays = {"hidden": np.int64(8), "dropout": np.float64(0.1), "network": np.str_("cnn")}
    check_arguments(wg.TextClassifier(TABLE, **arrays))


def test_seeds_as_scikit_learn_takes_them() -> None:
    assert seed_of(np.int64(3)) == 3
    assert seed_of(np.random.RandomState(0)) == seed_of(np.random.RandomState(0))
    assert seed_of(None) != seed_of(None)
