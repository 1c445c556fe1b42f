"""Scores of labels against numbers worked out by hand."""

from __future__ import annotations

import pytest

from wordgraft.errors import DataError
from wordgraft.metrics.classification import Scores


def test_scores_against_numbers_by_hand() -> None:
    scores = Scores.of(["a", "a", "a", "b"], ["a", "a", "b", "b"])
    assert scores.accuracy == 0.75
    assert scores.classes["a"].precision == 1
    assert scores.classes["a"].recall == pytest.approx(2 / 3)
    assert scores.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert scores.confusion.tolist() == [[2, 1], [0, 1]]


def test_a_label_that_was_only_predicted_counts_in_the_mean() -> None:
    scores = Scores.of(["a", "a"], ["a", "c"])
    assert scores.classes["c"].support == 0
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_set_scores_by_hand() -> None:
    scores = Scores.of_sets([{"a"}, {"a", "b"}, set()], [{"a"}, {"b"}, {"b"}])
    assert scores.accuracy == pytest.approx(1 / 3)
    assert scores.classes["a"].recall == 0.5
    assert scores.classes["b"].precision == 0.5
    assert scores.confusion is None


def test_unequal_numbers_and_mixed_kinds_are_refused() -> None:
    with pytest.raises(DataError, match="1 texts have true labels and 2 have predictions"):
        Scores.of(["a"], ["a", "b"])
    with pytest.raises(DataError, match="0 texts have true labels and 0 have predictions"):
        Scores.of_sets([], [])
    with pytest.raises(DataError, match=r"such as 1 and predicted ones such as 'good' mix"):
        Scores.of([1], ["good"])
