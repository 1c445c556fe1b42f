"""A small network that learns from a larger one's predictions for texts without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError, TrainingError
from wordgraft.estimators.distillation import probabilities_of

_RNG = np.random.default_rng(0)
WARM = ["sun", "warm", "bright", "dry"]
COLD = ["rain", "cold", "dark", "wet"]
# Rows that say nothing: what the labelled texts do not teach must come from the teacher.
TABLE = table_of([*WARM, *COLD], _RNG.normal(size=(8, 16)) * 0.3)
# The labelled texts know two words a class, the teacher and the unlabelled ones know all.
X, Y = ["sun warm", "warm sun", "rain cold", "cold rain"] * 8, ["good", "good", "bad", "bad"] * 8
ALL = [" ".join(_RNG.choice(words, 3)) for words in [WARM, COLD] * 40]
UNSEEN = ["bright dry", "dark wet", "dry", "wet"]


def classifier(**arguments: Any) -> wg.TextClassifier:
    training = wg.TrainingSettings(**{"epochs": 60, **arguments.pop("training", {})})
    return wg.TextClassifier(
        TABLE, **{"random_state": 0, "hidden": 16, "training": training, **arguments}
    )


TEACHER = classifier(training={"epochs": 200, "patience": 200}).fit(ALL, ["good", "bad"] * 40)


class Odd:
    """A teacher that is not an estimator, with any predictions."""

    classes_ = ("bad", "good")

    def __init__(self, predictions: list[list[float]]) -> None:
        self.predictions = predictions

    def predict_proba(self, texts: list[str]) -> list[list[float]]:
        return self.predictions


@pytest.mark.parametrize("network", ["bag", "bilstm"])
def test_what_the_teacher_knows_comes_across(network: str) -> None:
    model = classifier(network=network, training={"head_rate": 1e-2}, teacher=TEACHER).fit(
        X, Y, unlabelled=ALL
    )
    assert model.predict(UNSEEN).tolist() == ["good", "bad", "good", "bad"]
    record = model.record_
    assert record.distilled == len(ALL)
    assert record.texts + record.validation_texts == len(ALL) + len(X)
    alone = classifier(network=network, training={"head_rate": 1e-2}).fit(X, Y)
    assert alone.record_.distilled == 0
    # Only texts with a label of their own are held out, as many of each class as without a teacher.
    assert (
        record.validation_texts == alone.record_.validation_texts == (6 if network == "bag" else 0)
    )
    sure = [each.predict_proba(["bright dry", "dry"])[:, 1].min() for each in (model, alone)]
    assert sure[0] > sure[1] + 0.1


def test_a_folder_teaches_as_the_model_does_and_is_not_saved(tmp_path: Path) -> None:
    TEACHER.save(tmp_path / "teacher")
    by_folder = classifier(teacher=tmp_path / "teacher").fit(X, Y, unlabelled=ALL)
    by_model = classifier(teacher=TEACHER).fit(X, Y, unlabelled=ALL)
    np.testing.assert_allclose(by_folder.predict_proba(X), by_model.predict_proba(X), rtol=1e-5)
    by_folder.save(tmp_path / "student")
    assert wg.TextClassifier.load(tmp_path / "student").teacher is None
    assert clone(by_folder).fit(X, Y, unlabelled=ALL).record_.distilled == len(ALL)


def test_any_classifier_of_texts_teaches() -> None:
    teacher = make_pipeline(CountVectorizer(), LogisticRegression()).fit(ALL, ["good", "bad"] * 40)
    model = classifier(teacher=FrozenEstimator(teacher)).fit(X, Y, unlabelled=iter(ALL))
    assert model.predict(UNSEEN).tolist() == ["good", "bad", "good", "bad"]


def test_labels_of_which_a_text_may_have_several() -> None:
    sets = [("good",) if label == "good" else ("bad", "sad") for label in ["good", "bad"] * 40]
    teacher = classifier(training={"epochs": 200, "patience": 200}).fit(ALL, sets)
    few = [("good",) if label == "good" else ("bad", "sad") for label in Y]
    model = classifier(teacher=teacher).fit(X, few, unlabelled=ALL)
    assert model.predict(["bright dry", "dark wet"]) == [("good",), ("bad", "sad")]


def test_a_search_holds_out_labelled_texts_alone() -> None:
    model = classifier(teacher=TEACHER, training={"epochs": 3})
    result = wg.search(model, X, Y, trials=2, unlabelled=ALL)
    assert len(result.scores) == 2
    assert result.model.fit(X, Y, unlabelled=ALL).record_.distilled == len(ALL)


@pytest.mark.parametrize(
    ("arguments", "unlabelled", "message"),
    [
        ({"teacher": TEACHER}, None, "give them to fit as unlabelled"),
        ({}, ALL, "give teacher"),
        ({"teacher": classifier()}, ALL, "is not fitted"),
        ({"teacher": 7}, ALL, "teacher is 7, expected a fitted classifier"),
        ({"teacher": wg.TextClassifier}, ALL, "expected a fitted classifier"),
        ({"teacher": Odd([[0.5, 0.5]])}, ALL, r"gave an array of \(1, 2\) for 80 texts"),
        ({"teacher": Odd([[-3.0, -0.1]] * 80)}, ALL, "not from 0 to 1"),
        ({"teacher": Odd([[np.nan, 0.1]] * 80)}, ALL, "not from 0 to 1"),
        ({"teacher": "nowhere"}, ALL, "nowhere is not a trained model"),
        ({"teacher": TEACHER}, [], "unlabelled holds no texts"),
        ({"teacher": TEACHER}, "one text", "unlabelled is one string"),
        ({"teacher": TEACHER}, [None], "texts"),
    ],
)
def test_what_cannot_teach_is_refused(arguments: Any, unlabelled: Any, message: str) -> None:
    with pytest.raises((TrainingError, DataError), match=message):
        classifier(**arguments).fit(X, Y, unlabelled=unlabelled)


def test_a_teacher_predicts_some_texts_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = probabilities_of(TEACHER, ALL)
    monkeypatch.setattr("wordgraft.estimators.distillation._TEXTS_AT_ONCE", 7)
    np.testing.assert_allclose(probabilities_of(TEACHER, ALL), whole, atol=1e-6)


def test_a_logistic_body_is_refused_with_all_else_that_is_wrong() -> None:
    wrong = wg.TextClassifier(wg.FrozenEncoder("nowhere"), dropout=2, teacher=TEACHER)
    with pytest.raises(TrainingError, match=r"dropout(.|\n)*learns from labels alone"):
        wrong.fit(X, Y, unlabelled=ALL)


def test_a_teacher_of_other_labels_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"teacher's classes are \['bad', 'good'\]"):
        classifier(teacher=TEACHER).fit(X, [f"{each}!" for each in Y], unlabelled=ALL)
    with pytest.raises(TrainingError, match="any number of labels"):
        classifier(teacher=TEACHER).fit(X, [(each,) for each in Y], unlabelled=ALL)


def test_soft_labels_are_half_of_what_is_learned() -> None:
    # The labels alone would have every "dark" text good.
    texts, labels = [*ALL, *["dark"] * 20], [*["good", "bad"] * 40, *["good"] * 20]
    soft = cross_val_predict(
        classifier(training={"epochs": 20}), ALL, labels[:80], method="predict_proba"
    )
    soft = np.concatenate([soft, np.tile([[1.0, 0.0]], (20, 1))])
    sides = []
    for given in (soft, None):
        model = classifier(training={"epochs": 200}).fit(texts, labels, soft_labels=given)
        assert model.record_.texts + model.record_.validation_texts == len(texts)
        assert model.record_.validation_texts == 20
        assert model.record_.distilled == 0
        sides.append(model.predict_proba(["dark"])[0, 1])
    assert abs(sides[0] - 0.5) < 0.15 < 0.35 < sides[1] - sides[0]


def test_soft_labels_beside_unlabelled_texts_and_of_several_labels() -> None:
    soft = classifier().fit(X, Y).predict_proba(X)
    model = classifier(teacher=TEACHER).fit(X, Y, unlabelled=ALL, soft_labels=soft)
    assert model.record_.distilled == len(ALL)
    sets = [("good",) if label == "good" else ("bad", "sad") for label in Y]
    model = classifier(training={"epochs": 200}).fit(X, sets, soft_labels=np.full((len(X), 3), 0.5))
    assert model.predict(["sun warm", "rain cold"]) == [("good",), ("bad", "sad")]
    assert model.predict_proba(["sun warm"])[0, 1] < 0.85  # of a label alone: near 1


@pytest.mark.parametrize(
    ("soft", "message"),
    [
        ([[0.5, 0.5]], r"shape \(1, 2\), expected \(32, 2\): .* classes \['bad', 'good'\]"),
        ([[0.5, np.nan]] * 32, "not from 0 to 1"),
        ([[0.5, 0.4]] * 32, r"soft labels of text 0 add up to 0.900, expected 1"),
        ([["a", "b"]] * 32, "not numbers"),
    ],
)
def test_soft_labels_that_are_not_probabilities_are_refused(soft: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        classifier().fit(X, Y, soft_labels=soft)


def test_a_logistic_regression_takes_no_soft_labels(minilm: str) -> None:
    model = wg.TextClassifier(wg.FrozenEncoder(minilm))
    with pytest.raises(
        TrainingError, match="soft_labels: network 'logistic' learns from labels alone"
    ):
        model.fit(X, Y, soft_labels=np.full((len(X), 2), 0.5))
