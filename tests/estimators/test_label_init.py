"""A last layer that starts from the words of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import table_of

import wordgraft as wg
from wordgraft.errors import TrainingError

_RNG = np.random.default_rng(0)
WARM, COLD = ["sun", "warm", "bright"], ["rain", "cold", "dark"]
_AXIS = np.array([[1.0] * 8 + [0.0] * 8]) * 0.3
_NOISE = _RNG.normal(size=(8, 16)) * 0.1
TABLE = table_of(
    [*WARM, *COLD, "not", "day"], _NOISE + np.array([1, 1, 1, -1, -1, -1, 0, 0])[:, None] * _AXIS
)
X = [" ".join(_RNG.choice(words, 3)) for words in [WARM, COLD] * 30]
Y = ["good", "bad"] * 30


def classifier(network: str = "auto", **arguments: Any) -> wg.TextClassifier:
    """A small one; `training` holds settings of the run."""
    settings = {"epochs": 20, "batch_size": 8, **arguments.pop("training", {})}
    defaults: dict[str, Any] = {} if network == "linear" else {"hidden": 16}
    defaults |= {"random_state": 0, "training": wg.TrainingSettings(**settings)}
    return wg.TextClassifier(TABLE, network=network, **{**defaults, **arguments})


def test_a_head_that_starts_from_words_knows_classes_before_the_first_step() -> None:
    for network in ("linear", "bag", "cnn"):
        fitted = classifier(
            network,
            head_init={"good": ["sun", "warm"], "bad": ["rain", "cold"]},
            training={"epochs": 0},
        ).fit(X, Y)
        assert fitted.score(X, Y) > 0.9, network
        assert fitted.record_.epochs == 0
        assert fitted.predict(["bright", "dark"]).tolist() == ["good", "bad"]


def test_words_default_to_those_of_the_label() -> None:
    named = ["warm" if label == "good" else "cold" for label in Y]
    assert (
        classifier("linear", head_init="labels", training={"epochs": 0})
        .fit(X, named)
        .score(X, named)
        > 0.9
    )


@pytest.mark.parametrize(
    ("labels", "words", "message"),
    [
        ([0, 1] * 30, None, "class 0 has no words to start from; name some"),
        (Y, {"good": ["sun"], "fine": ["day"]}, "head_init names fine, which no text has"),
        (Y, {"good": [], "bad": ["rain"]}, "class 'good' has no words"),
    ],
)
def test_labels_without_words(labels: list, words: dict | None, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        classifier(head_init=words or "labels").fit(X, labels)


def test_no_epoch_at_all_is_for_heads_that_start_from_words() -> None:
    with pytest.raises(TrainingError, match=r"training\.epochs is 0, expected a whole number"):
        classifier(training={"epochs": 0}).fit(X, Y)
