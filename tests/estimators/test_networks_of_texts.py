"""`TextClassifier`: its other networks, several labels a text, heads that start from words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError, TrainingError

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


@pytest.mark.parametrize("network", ["bag", "linear", "cnn", "bilstm", "transformer"])
def test_every_network_learns_saves_and_loads(network: str, tmp_path: Path) -> None:
    fitted = classifier(network, training={"head_rate": 1e-2}).fit(X, Y)
    assert fitted.score(X, Y) > 0.95
    fitted.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    assert np.isfinite(fitted.predict_proba(["", "sun " * 5_000, "unheard"])).all()


def test_word_order_is_learnt_by_those_that_read_it() -> None:
    """`not warm` is cold and `warm not` is warm: the same bag."""
    texts = [f"{a} {b}" for w in WARM for a, b in (("not", w), (w, "not"))] * 20
    labels = ["bad", "good"] * (len(texts) // 2)
    for network, learns in (("bag", False), ("cnn", True), ("bilstm", True)):
        fitted = classifier(network, dropout=0.0, training={"head_rate": 1e-2}).fit(texts, labels)
        assert (fitted.score(texts, labels) > 0.9) == learns, network


def test_several_labels_a_text_in_either_form(tmp_path: Path) -> None:
    texts = [f"{_RNG.choice(WARM)} {_RNG.choice(COLD)}" for _ in range(20)]
    every = [*X, *texts]
    sets = [["good"] if label == "good" else ["bad"] for label in Y] + [["good", "bad"]] * 20
    fitted = classifier("cnn", training={"head_rate": 1e-2, "epochs": 40}).fit(every, sets)
    assert fitted.multilabel_
    assert fitted.predict(["sun warm", "rain cold", "sun rain"]) == [
        ("good",),
        ("bad",),
        ("bad", "good"),
    ]
    scores = fitted.evaluate(every, sets)
    assert scores.accuracy > 0.9
    assert scores.confusion is None
    fitted.save(tmp_path / "m")
    assert wg.TextClassifier.load(tmp_path / "m").predict(every) == fitted.predict(every)
    matrix = np.array([["bad" in each, "good" in each] for each in sets], int)
    by_matrix = classifier("cnn", training={"head_rate": 1e-2, "epochs": 40}).fit(every, matrix)
    assert_array_equal(
        by_matrix.predict(every), [[("bad" in p), ("good" in p)] for p in fitted.predict(every)]
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([["a"], []], "'a' is the only label"),
        ([[], []], "no text has a label"),
        (np.array([[0, 2], [1, 1]]), "a matrix with numbers other than 0 and 1"),
        ([["a", "b"]], "2 texts have 1 labels"),
        ([["a", None], ["b"]], "1 of 3 labels are missing"),
    ],
)
def test_several_labels_that_cannot_be_used(labels: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        classifier().fit(["sun", "rain"], labels)


def test_a_head_that_starts_from_words_knows_classes_before_the_first_step() -> None:
    for network in ("linear", "bag", "cnn"):
        told = classifier(
            network,
            head_init={"good": ["sun", "warm"], "bad": ["rain", "cold"]},
            training={"epochs": 0},
        ).fit(X, Y)
        assert told.score(X, Y) > 0.9, network
        assert told.record_.epochs == 0
        assert told.predict(["bright", "dark"]).tolist() == ["good", "bad"]


def test_label_words_default_to_the_labels_own() -> None:
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


def test_no_pass_at_all_is_for_heads_that_start_from_words() -> None:
    with pytest.raises(TrainingError, match=r"training\.epochs is 0, expected a whole number"):
        classifier(training={"epochs": 0}).fit(X, Y)


def frozen(checkpoint: Path, **arguments: Any) -> wg.TextClassifier:
    return wg.TextClassifier(wg.FrozenEncoder(checkpoint), random_state=0, **arguments)


def test_a_logistic_regression_on_frozen_features_is_scikit_learns(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    fitted = frozen(tiny_checkpoint("bert"), class_weight=None).fit(X, Y)
    assert fitted.score(X, Y) > 0.95
    network = fitted.network_
    read = fitted.layer_.read(X)
    vectors = np.asarray(read.rows.stored[read.ids.ids], np.float32)[:, 0]
    logits = vectors @ network.head.linear.weight.detach().numpy().T
    logits += network.head.linear.bias.detach().numpy()
    assert_array_equal(fitted.classes_[logits.argmax(axis=1)], fitted.predict(X))
    scaled = (vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) + 1e-6)
    by_hand = [
        LogisticRegression(C=c, max_iter=1000).fit(scaled, Y) for c in np.logspace(-5, 1, 13)
    ]
    closest = min(
        np.abs(each.predict_proba(scaled) - fitted.predict_proba(X)).max() for each in by_hand
    )
    assert closest < 1e-3


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


def test_logistic_gives_one_label_a_text(tiny_checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(TrainingError, match="choose network 'linear' or 'bag'"):
        frozen(tiny_checkpoint("bert")).fit(X, [[label] for label in Y])
