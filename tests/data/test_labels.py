"""Labels in each of their forms, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordgraft.data.labels import Labels
from wordgraft.errors import DataError


def test_one_label_per_text() -> None:
    labels, targets = Labels.of(["b", "a", "b", "b"], texts=4)
    assert targets.tolist() == [1, 0, 1, 1]
    np.testing.assert_allclose(labels.weights(targets), [2, 2 / 3], rtol=1e-6)
    certain = labels.certain(targets)
    assert certain.tolist() == [[0, 1], [1, 0], [0, 1], [0, 1]]
    assert labels.chosen(certain).tolist() == ["b", "a", "b", "b"]
    np.testing.assert_array_equal(labels.certain(certain), certain)


def test_several_labels_per_text() -> None:
    labels, targets = Labels.of([{"x", "y"}, [], ("y",), ["y"], ["y"]], texts=5)
    assert targets.tolist() == [[1, 1], [0, 0], [0, 1], [0, 1], [0, 1]]
    # x is on 1 of 5 texts, y on 4: sqrt(4 / 1), and never less than 1.
    np.testing.assert_allclose(labels.weights(targets), [2, 1])
    assert labels.chosen(labels.certain(targets)[:2]) == [("x", "y"), ()]
    assert labels.sets([["y"], []]) == [{"y"}, set()]


def test_a_matrix_of_labels() -> None:
    labels, targets = Labels.of(np.array([[1, 0, 1], [0, 0, 1]]), texts=2)
    assert labels.chosen(labels.certain(targets)).tolist() == [[1, 0, 1], [0, 0, 1]]
    assert labels.sets(np.array([[1, 0, 1]])) == [{0, 2}]


@pytest.mark.parametrize(
    ("given", "texts", "message"),
    [
        (["a", "a"], 2, "all 2 labels are 'a'; expected at least two classes"),
        (["a", "b"], 3, "3 texts have 2 labels; expected one per text"),
        (np.array([[0, 2]]), 1, "y is a matrix with numbers other than 0 and 1"),
        ([[], []], 2, "no text has a label"),
        ([["a"], ["a"]], 2, "'a' is the only label"),
    ],
)
def test_labels_that_cannot_be_used(given: Any, texts: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Labels.of(given, texts=texts)
