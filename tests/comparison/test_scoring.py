"""Scores of classes from summed counts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from wordgraft.comparison.scoring import SCORERS


def test_macro_f1_of_sums_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    names = ["a", "b", "c", "d"]
    scorer = SCORERS["classify"](names)
    true, predicted = (rng.choice(names[: 3 + i], 50).tolist() for i in range(2))
    counts = scorer.counts(scorer.coded(true), scorer.coded(predicted))
    expected = f1_score(true, predicted, average="macro")
    assert scorer.score(counts.sum(axis=0)) == pytest.approx(expected, abs=1e-6)
    weights = rng.integers(0, 3, 50)
    many = [np.repeat(labels, weights) for labels in (true, predicted)]
    expected = f1_score(*many, average="macro")
    assert scorer.score(weights @ counts) == pytest.approx(expected, abs=1e-6)


def test_predictions_assigned_at_random_score_as_guesses_do() -> None:
    scorer = SCORERS["classify"](["a", "b"])
    truth = scorer.coded(["a", "b"] * 100)
    guesses = scorer.guesses(truth, truth, np.random.default_rng(0), 50)
    assert guesses.mean() == pytest.approx(0.5, abs=0.03)
    assert scorer.score(scorer.counts(truth, truth).sum(axis=0)) == 1
    assert scorer.accuracy(scorer.counts(truth, truth).sum(axis=0)) == 1


def test_labels_become_text_and_are_counted() -> None:
    texts, labels = SCORERS["classify"].checked(["x", "y", "z"], [3, 4, 4], "training")
    assert (texts, labels) == (["x", "y", "z"], ["3", "4", "4"])
    assert list(SCORERS["classify"].label_counts(labels).items()) == [("4", 2), ("3", 1)]
