"""`TextClassifier`: scikit-learn's conventions, saved folders, and what it refuses."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError, OutputError, SettingsError, TrainingError

_RNG = np.random.default_rng(0)
WARM = ["sun", "warm", "bright"]
COLD = ["rain", "cold", "dark"]
TABLE = table_of([*WARM, *COLD, "never"], _RNG.normal(size=(7, 16)) * 0.3)
X = [" ".join(_RNG.choice(words, 3)) for words in [WARM, COLD] * 30]
Y = ["good", "bad"] * 30


def classifier(**arguments: Any) -> wg.TextClassifier:
    """A small one; `training` and `rows` hold settings of the run and of the first layer."""
    training = wg.TrainingSettings(**arguments.pop("training", {}))
    first_layer = wg.TableRows(TABLE, **arguments.pop("rows", {}))
    defaults = {"random_state": 0, "hidden": 16, "training": training}
    return wg.TextClassifier(first_layer, **{**defaults, **arguments})


FITTED = classifier().fit(X, Y)


def test_it_learns_and_gives_probabilities() -> None:
    assert FITTED.classes_.tolist() == ["bad", "good"]
    assert FITTED.predict(["warm sun", "cold rain"]).tolist() == ["good", "bad"]
    probabilities = FITTED.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert_array_equal(FITTED.predict(X), FITTED.classes_[probabilities.argmax(axis=1)])
    assert FITTED.score(X, Y) == 1
    assert is_classifier(FITTED)


def test_labels_may_be_numbers() -> None:
    numbers = [7 if label == "good" else 3 for label in Y]
    assert classifier().fit(X, numbers).predict(["warm sun"]).tolist() == [7]


def test_scikit_learn_can_clone_search_and_chain_it() -> None:
    assert clone(FITTED).get_params() == FITTED.get_params()
    assert cross_val_score(classifier(training={"epochs": 20}), X, Y, cv=3).min() > 0.9
    grid = {"first_layer__trainable": [False, True], "training__epochs": [1, 20]}
    search = GridSearchCV(classifier(training={"head_rate": 1e-5}), grid, cv=2).fit(X, Y)
    found, best = search.best_estimator_, search.best_params_
    assert found.training.epochs == best["training__epochs"] == found.record_.epochs
    assert found.first_layer.trainable == best["first_layer__trainable"]
    assert (found.record_.regime == "frozen") != found.first_layer.trainable
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    chain = Pipeline([("lower", lower), ("classify", classifier())]).fit(X, Y)
    assert chain.predict(["WARM SUN"]).tolist() == ["good"]


def test_it_pickles() -> None:
    again = pickle.loads(pickle.dumps(FITTED))
    assert_array_equal(again.predict_proba(X), FITTED.predict_proba(X))


def test_a_seed_repeats_a_run_and_leaves_the_callers_alone() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    assert_array_equal(classifier().fit(X, Y).predict_proba(X), FITTED.predict_proba(X))
    assert torch.equal(before, torch.random.get_rng_state())
    other = classifier(random_state=1).fit(X, Y)
    assert not np.array_equal(other.predict_proba(X), FITTED.predict_proba(X))


def test_training_changes_the_rows_of_the_texts_words_and_no_others() -> None:
    changed = np.any(FITTED.table_.rows() != TABLE.rows(), axis=1)
    assert changed.tolist() == [False, False, *[True] * 6, False]
    frozen = classifier(rows={"trainable": False}).fit(X, Y)
    assert_array_equal(frozen.table_.rows(), TABLE.rows())
    assert frozen.record_.parameters < FITTED.record_.parameters


def test_a_random_start_has_none_of_the_tables_rows() -> None:
    fresh = classifier(rows={"start": "random", "trainable": False}, training={"epochs": 1}).fit(
        X, Y
    )
    assert np.abs(fresh.table_.rows()[2:8] - TABLE.rows()[2:8]).min() > 0
    assert fresh.table_.provenance.counts() == {"padding": 1, "zero": 2, "random": 6}


def test_the_weights_of_the_best_epoch_are_used() -> None:
    losses = FITTED.record_.validation_losses
    assert FITTED.record_.best_epoch == 1 + int(np.argmin(losses))
    assert FITTED.record_.epochs == len(losses)
    assert FITTED.record_.validation_texts == 12  # a fifth of 60


def test_out_of_vocabulary_words_of_training_get_rows() -> None:
    fitted = classifier().fit([*X, "sun unheard", "rain unheard"], [*Y, "good", "bad"])
    assert fitted.unknown_.words == ("unheard",)
    assert "unheard" in fitted.table_
    assert "unheard" not in TABLE


def test_saved_and_loaded_it_predicts_the_same(tmp_path: Path) -> None:
    FITTED.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_array_equal(loaded.predict_proba(X), FITTED.predict_proba(X))
    assert loaded.classes_.tolist() == ["bad", "good"]
    assert loaded.record_ == FITTED.record_
    with pytest.raises(OutputError, match="already exists"):
        FITTED.save(tmp_path / "m")
    FITTED.save(tmp_path / "m", force=True)


def test_a_damaged_model_says_so(tmp_path: Path) -> None:
    FITTED.save(tmp_path / "m")
    weights = tmp_path / "m" / "network.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    with pytest.raises(TrainingError, match="is missing or is not what was saved"):
        wg.TextClassifier.load(tmp_path / "m")
    with pytest.raises(TrainingError, match="there is no such folder; make one with 'wordgraft"):
        wg.TextClassifier.load(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("one string", ["a"], "X is one string"),
        ([], [], "X holds no texts"),
        (["a", None], ["x", "y"], r"1 of 2 texts are missing \(the first at index 1\)"),
        (["a", float("nan")], ["x", "y"], "1 of 2 texts are missing"),
        (["a", 3], ["x", "y"], "text 1 is 3, a int; expected a str"),
        (["a", "b"], ["x", None], "1 of 2 labels are missing"),
        (["a", "b"], ["x", 1], "labels mix strings and numbers"),
        (["a", pd.NA], ["x", "y"], r"1 of 2 texts are missing \(the first at index 1\)"),
        (["a", pd.NaT], ["x", "y"], "1 of 2 texts are missing"),
        (["a", "b"], ["x", pd.NA], "1 of 2 labels are missing"),
        (["a", "b"], pd.Series([1, None], dtype="Int64"), "1 of 2 labels are missing"),
        (["a", "b"], np.array([1, np.nan], np.float32), "1 of 2 labels are missing"),
        (["a", "b"], [0.5, 1], "labels are fractions such as 0.5; expected classes"),
        (["a", "b"], [("x",), "y"], "label 0 is .*, a tuple; expected a string or a whole"),
        (["a", "b"], ["x"], "2 texts have 1 labels"),
        (["a", "b"], ["x", "x"], "all 2 labels are 'x'; expected at least two classes"),
        (["a", "b"], [1, 1], "all 2 labels are 1; expected at least two classes"),
    ],
)
def test_texts_and_labels_that_cannot_be_used(texts: list, labels: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        classifier().fit(texts, labels)


def test_every_bad_argument_is_named_at_once() -> None:
    message = r"patience is 0.*rows_rate is -1.*network is 'tree'"
    with pytest.raises(SettingsError, match=message):
        classifier(network="tree", training={"patience": 0, "rows_rate": -1}).fit(X, Y)
    with pytest.raises(ValueError, match="first_layer is None; expected an EmbeddingTable"):
        wg.TextClassifier(None).fit(X, Y)


def test_a_loss_that_becomes_nan_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"the training loss became .*lower the learning rates"):
        classifier(training={"head_rate": 1e30, "rows_rate": 1e30, "validation_share": 0}).fit(X, Y)


def test_strings_and_numbers_cannot_be_compared() -> None:
    with pytest.raises(DataError, match=r"such as 1 and predicted ones such as 'good' mix"):
        FITTED.evaluate(["warm sun"], [1])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (Y, ["bad", "good"]),
        (np.array(Y, object), ["bad", "good"]),
        (pd.Series(Y, dtype="category"), ["bad", "good"]),
        ([label == "good" for label in Y], [False, True]),
        (pd.Series([int(label == "good") for label in Y], range(5, 65)), [0, 1]),
        (pd.Series([int(label == "good") for label in Y], dtype="Int64"), [0, 1]),
        (np.array([2.0 if label == "good" else 1.0 for label in Y]), [1.0, 2.0]),
    ],
    ids=["list", "object", "category", "bool", "series", "Int64", "float"],
)
def test_labels_in_every_usual_form(labels: object, classes: list) -> None:
    fitted = classifier(training={"epochs": 2}).fit(X, labels)
    assert fitted.classes_.tolist() == classes
    again = classifier(training={"epochs": 2}).fit(X, [classes[label == "good"] for label in Y])
    assert_array_equal(fitted.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize(
    "texts",
    [np.array(X), np.array(X, object), pd.Series(X, range(9, 69)), pd.Series(X, dtype="string")],
    ids=["str", "object", "series", "string"],
)
def test_texts_in_every_usual_form(texts: object) -> None:
    assert_array_equal(FITTED.predict_proba(texts), FITTED.predict_proba(X))
    one, two = (classifier(training={"epochs": 2}).fit(each, Y).record_ for each in (texts, X))
    assert one.losses == two.losses


def test_splits_and_searches_of_scikit_learn_on_series_and_pipelines() -> None:
    texts, labels = pd.Series(X, range(100, 160)), pd.Series(Y, range(100, 160))
    scores = cross_val_score(
        classifier(training={"epochs": 9}), texts, labels, cv=3, scoring="f1_macro"
    )
    assert scores.min() > 0.9
    numbers = [int(label == "good") for label in Y]
    curve = cross_val_score(classifier(training={"epochs": 9}), X, numbers, cv=2, scoring="roc_auc")
    assert curve.min() > 0.9
    found = cross_val_predict(
        classifier(training={"epochs": 9}), X, Y, cv=2, method="predict_proba"
    )
    assert (found.argmax(axis=1) == np.array(numbers)).mean() > 0.9
    grid = {"textclassifier__hidden": np.array([2, 8])}
    search = GridSearchCV(make_pipeline(classifier(training={"epochs": 2})), grid, cv=2).fit(X, Y)
    assert search.best_params_["textclassifier__hidden"] in (2, 8)


def test_a_model_found_by_a_search_over_an_array_is_saved(tmp_path: Path) -> None:
    fitted = classifier(
        hidden=np.int64(4), dropout=np.float64(0.1), training={"epochs": np.int64(2)}
    ).fit(X, Y)
    fitted.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert (loaded.hidden, loaded.dropout, loaded.training.epochs) == (4, 0.1, 2)
    assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_not_yet_fitted(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(classifier(), method)(X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"random_state": -1}, "random_state is -1, expected None, a RandomState or a whole"),
        ({"random_state": 2**32}, "random_state is 4294967296, expected"),
        ({"random_state": np.random.default_rng(0)}, "random_state is Generator"),
        ({"network": ["bag"]}, r"network is \['bag'\], expected one of auto, bag"),
        ({"hidden": True}, "hidden is True, expected a whole number from 1"),
        ({"dropout": float("nan")}, "dropout is nan, expected a share"),
    ],
)
def test_arguments_of_odd_kinds(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        classifier(**arguments).fit(X, Y)


def test_texts_of_nothing_known_have_an_answer_and_nothing_breaks() -> None:
    odd = ["", " \t\n", "\0", "🚀🚀", "zork", "sun " * 250_000]  # the last is 1 MB
    probabilities = FITTED.predict_proba(odd)
    assert np.isfinite(probabilities).all()
    assert_array_equal(probabilities[0], probabilities[1])
    assert_allclose(probabilities[5], FITTED.predict_proba(["sun"])[0], atol=1e-3)
    fitted = classifier(training={"epochs": 2}).fit(
        ["", " ", "🚀", "sun"] * 9, ["a", "b", "b", "a"] * 9
    )
    assert np.isfinite(fitted.predict_proba(odd)).all()


_AXIS = np.array([[1.0] * 8 + [0.0] * 8]) * 0.3
_NOISE = _RNG.normal(size=(8, 16)) * 0.1
OPPOSITES = table_of(
    [*WARM, *COLD, "not", "day"], _NOISE + np.array([1, 1, 1, -1, -1, -1, 0, 0])[:, None] * _AXIS
)


def network_classifier(network: str = "auto", **arguments: Any) -> wg.TextClassifier:
    """A small one; `training` holds settings of the run."""
    settings = {"epochs": 20, "batch_size": 8, **arguments.pop("training", {})}
    defaults: dict[str, Any] = {} if network == "linear" else {"hidden": 16}
    defaults |= {"random_state": 0, "training": wg.TrainingSettings(**settings)}
    return wg.TextClassifier(OPPOSITES, network=network, **{**defaults, **arguments})


@pytest.mark.parametrize("network", ["bag", "linear", "cnn", "bilstm", "transformer"])
def test_every_network_learns_saves_and_loads(network: str, tmp_path: Path) -> None:
    fitted = network_classifier(network, training={"head_rate": 1e-2}).fit(X, Y)
    assert fitted.score(X, Y) > 0.95
    fitted.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    assert np.isfinite(fitted.predict_proba(["", "sun " * 5_000, "unheard"])).all()


def test_word_order_is_learned_by_those_that_read_it() -> None:
    """`not warm` is cold and `warm not` is warm: the same bag."""
    texts = [f"{a} {b}" for w in WARM for a, b in (("not", w), (w, "not"))] * 20
    labels = ["bad", "good"] * (len(texts) // 2)
    for network, learns in (("bag", False), ("cnn", True), ("bilstm", True)):
        fitted = network_classifier(network, dropout=0.0, training={"head_rate": 1e-2}).fit(
            texts, labels
        )
        assert (fitted.score(texts, labels) > 0.9) == learns, network


def test_several_labels_a_text_in_either_form(tmp_path: Path) -> None:
    texts = [f"{_RNG.choice(WARM)} {_RNG.choice(COLD)}" for _ in range(20)]
    every = [*X, *texts]
    sets = [["good"] if label == "good" else ["bad"] for label in Y] + [["good", "bad"]] * 20
    fitted = network_classifier("cnn", training={"head_rate": 1e-2, "epochs": 40}).fit(every, sets)
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
    by_matrix = network_classifier("cnn", training={"head_rate": 1e-2, "epochs": 40}).fit(
        every, matrix
    )
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
        network_classifier().fit(["sun", "rain"], labels)
