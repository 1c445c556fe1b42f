"""Arguments that are not what a task needs are refused with one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from wordgraft.data.validation import (
    checked_labels,
    checked_sentences,
    checked_tags,
    checked_texts,
)
from wordgraft.errors import DataError


def test_valid_arguments_become_lists() -> None:
    assert checked_texts(pd.Series(["a", ""])) == ["a", ""]
    assert checked_labels([True, 2, 3.0]).tolist() == [1, 2, 3]
    assert checked_labels(np.array(["b", "a"])).tolist() == ["b", "a"]
    assert checked_sentences([("a", "b"), []]) == [["a", "b"], []]
    assert checked_sentences([[]], empty=True) == [[]]
    assert checked_tags([["I-X", "O"]]) == [["B-X", "O"]]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a text", "X is one string, expected an iterable of texts"),
        ([], "X holds no texts"),
        (np.array([["a"]]), "X has 2 dimensions, expected one text per row"),
        (["a", None, float("nan"), pd.NA], r"3 of 4 texts are missing \(the first at index 1\)"),
        (["a", 3], "text 1 is 3, a int; expected a str"),
    ],
)
def test_texts(texts: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_texts(texts)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("good", "y must hold one label per text"),
        (["a", pd.NaT], "1 of 2 labels are missing"),
        (["a", {"b"}], r"label 1 is \{'b'\}, a set; expected a string or a whole number"),
        (["a", 1], "labels mix strings and numbers"),
        ([1, 2.5], "labels are fractions such as 2.5"),
    ],
)
def test_labels(labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_labels(labels)


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ("a b", "X is one string, expected sentences"),
        ([["a"], "b c"], "sentence 1 is 'b c', expected a list of words: split it first"),
        ([["a", None]], "sentence 0 holds None, a NoneType; expected words"),
        ([[], []], "X holds no words"),
    ],
)
def test_sentences(sentences: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_sentences(sentences)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("O", "y is one string, expected a list of tags for each sentence"),
        ([["O"], [None]], "sentence 1 holds the tag None"),
        ([["O", "PER"]], "sentence 0: 'PER' is not a tag"),
    ],
)
def test_tags(tags: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_tags(tags)
