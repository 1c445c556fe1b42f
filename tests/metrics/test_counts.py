"""Scores from summed counts are those of scikit-learn on the texts themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from wordgraft.metrics.counts import accuracy, macro_f1, micro_f1, scores_by_label

NAMES = ["a", "b", "c", "d"]


def counted(true: list[str], predicted: list[str]) -> np.ndarray:
    pairs = list(zip(true, predicted, strict=True))
    return np.array(
        [
            *(true.count(name) for name in NAMES),
            *(predicted.count(name) for name in NAMES),
            *(pairs.count((name, name)) for name in NAMES),
        ],
        float,
    )


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true, predicted = (rng.choice(NAMES[: 3 + i], 50).tolist() for i in range(2))
    counts = counted(true, predicted)
    assert macro_f1(counts) == pytest.approx(f1_score(true, predicted, average="macro"))
    assert micro_f1(counts) == pytest.approx(f1_score(true, predicted, average="micro"))
    assert accuracy(counts) == pytest.approx(accuracy_score(true, predicted))
    expected = precision_recall_fscore_support(true, predicted, labels=NAMES, zero_division=0)
    for score, *numbers in zip(scores_by_label(NAMES, counts), *expected, strict=True):
        assert score[1:] == pytest.approx(tuple(numbers))


def test_labels_that_never_occur_do_not_count() -> None:
    assert macro_f1(counted(["a", "a"], ["a", "a"])) == 1
    nothing = np.zeros(12)
    assert (macro_f1(nothing), micro_f1(nothing), accuracy(nothing)) == (0, 0, 0)


def test_many_draws_at_once() -> None:
    draws = np.stack([counted(["a", "b"], ["a", "b"]), counted(["a", "b"], ["b", "b"])])
    assert macro_f1(draws) == pytest.approx([1, 1 / 3])
    assert micro_f1(draws) == pytest.approx([1, 0.5])
