"""What was forgotten, in words and numbers, and the weight that forgets little enough."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fine_tuned import LABELS, shaken_classifier
from tables import random_table
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.errors import SettingsError
from wordgraft.estimators.forgetting_report import ForgettingReport, Point
from wordgraft.metrics.forgetting import Ability
from wordgraft.metrics.forgetting.drift import Drift

PAIRS = [("bank", "money", 9.0), ("river", "boat", 8.0), ("tea", "station", 1.0)]


def test_it_says_plainly_what_was_forgotten_or_that_nothing_was() -> None:
    still = (Drift("general", 3, 1.0, 1.0),)
    moved = (Drift("general", 3, 0.6, 0.7),)
    same = (Ability("probe films", "accuracy", 0.8, 0.799),)
    lost = (*same, Ability("similarity simlex", "spearman", 0.5, 0.3))
    assert ForgettingReport((), still, (), "accuracy").verdict.startswith("nothing was forgotten")
    assert "what that cost is unknown" in ForgettingReport((), moved, (), "accuracy").verdict
    assert ForgettingReport(same, moved, (), "accuracy").verdict.startswith("nothing was forgotten")
    found = ForgettingReport(lost, moved, (), "accuracy")
    assert found.forgotten == pytest.approx(0.2)
    assert found.verdict == (
        "forgotten most: similarity simlex, spearman 0.500 before and 0.300 after"
    )


def test_the_best_weight_scores_highest_among_those_that_forget_no_more() -> None:
    curve = (Point(0.0, 0.2, 0.0), Point(0.6, 0.8, 0.01), Point(0.8, 0.7, 0.02), Point(1, 0.9, 0.3))
    report = ForgettingReport((), (), curve, "macro-F1")
    weights = [report.best_weight(forget_at_most=most) for most in (-1, 0, 0.01, 0.02, 1)]
    assert weights == [0, 0, 0.6, 0.6, 1]


def test_a_classifier_is_measured_from_its_start_to_its_end(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    model = shaken_classifier(tiny_checkpoint("roberta"))
    report = wg.forgetting_report(
        model, SENTENCES, LABELS, general_texts=SENTENCES[:9], pairs={"three": PAIRS}
    )
    assert report.score == f"macro-F1 on {len(SENTENCES)} texts"
    assert [point.weight for point in report.curve] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert report.curve[0].forgotten == pytest.approx(0, abs=1e-6)
    assert report.curve[-1].forgotten == pytest.approx(report.forgotten, abs=1e-6)
    assert report.forgotten > 0.01
    scores = [point.score for point in report.curve]
    assert scores[-1] == pytest.approx(model.evaluate(SENTENCES, LABELS).macro_f1)
    half = wg.interpolate(model, 0.4)
    assert scores[2] == pytest.approx(half.evaluate(SENTENCES, LABELS).macro_f1)
    assert json.loads(json.dumps(report.as_dict()))["forgotten"] == report.forgotten


def test_only_a_fine_tuned_encoder_forgets() -> None:
    table = random_table(9, 4)
    model = wg.TextClassifier(table, training=wg.TrainingSettings(epochs=1), random_state=0)
    model.fit(["w1 w2", "w3"] * 4, ["a", "b"] * 4)
    with pytest.raises(SettingsError, match="expected Encoder: only a fine-tuned encoder forgets"):
        wg.forgetting_report(model, ["w1"], ["a"])


def test_the_plot_holds_the_curve_and_the_drift() -> None:
    found = ForgettingReport(
        (), (Drift("training", 0, 0.9, 0.8),), (Point(0.0, 0.5, 0.0), Point(1.0, 0.7, 0.1)), "F1"
    )
    content = found.plot().to_dict()
    text = json.dumps(content)
    assert '"forgotten": 0.1' in text
    assert '"cka": 0.9' in text
