"""Unusual data: what is refused, what is noted and what is left out."""

from __future__ import annotations

import pytest
from fake_methods import data_of, texts_of

from wordgraft.comparison import Data
from wordgraft.errors import DataError


def test_the_hash_follows_texts_labels_and_order() -> None:
    texts, labels = texts_of(40)
    test = texts_of(20, seed=1)
    hashes = {
        Data.of(texts, labels, test).sha256,
        Data.of(texts[::-1], labels[::-1], test).sha256,
        Data.of([*texts[:-1], "another"], labels, test).sha256,
        Data.of(texts, labels[::-1], test).sha256,
        Data.of(texts, labels, (test[0], test[1][::-1])).sha256,
    }
    assert len(hashes) == 5
    assert Data.of(texts, labels, test).sha256 in hashes


def test_a_test_part_is_set_apart_and_noted() -> None:
    data = Data.of(*texts_of(300))
    assert len(data.test_texts) == 60
    assert not set(data.test_texts) & set(data.texts)
    assert (
        "no test texts were given, so 60 of 300 texts were set aside for testing" in data.notes[0]
    )


def test_duplicates_are_counted_and_can_be_left_out() -> None:
    texts, labels = texts_of(60)
    test = texts_of(30, seed=1)
    texts += [texts[0], test[0][0].upper(), test[0][1]]
    labels += [labels[0], test[1][0], test[1][1]]
    data = Data.of(texts, labels, test)
    assert data.notes[0].startswith("training texts also in the test part: 2; leave them out")
    assert data.notes[1].startswith("repeated training texts: 1; leave them out")
    assert len(data.texts) == 63
    dropped = Data.of(texts, labels, test, drop_duplicates=True)
    assert dropped.texts == texts[:60]
    assert dropped.labels == labels[:60]
    assert dropped.notes[0].endswith("; left out of training")


def test_a_label_that_occurs_once_and_labels_unseen_in_training() -> None:
    texts, labels = texts_of(60)
    test = texts_of(30, seed=1)
    data = Data.of([*texts, "a storm"], [*labels, "storm"], (test[0], ["snow"] * 2 + test[1][2:]))
    assert any("1 labels occur once in training (storm)" in note for note in data.notes)
    assert any("2 labels of the test part do not occur in training (snow)" in n for n in data.notes)
    assert data.scorer.names == ("calm", "rain", "snow", "storm", "sun")


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"too few different labels \('x'\); expected at least 2"):
        Data.of([f"t{i}" for i in range(30)], ["x"] * 30)


def test_twenty_texts_run_with_a_warning_and_fewer_do_not() -> None:
    data = Data.of(*texts_of(20))
    assert len(data.texts) == 16
    assert any("16 texts for training and validation are few" in note for note in data.notes)
    with pytest.raises(DataError, match="11 labelled texts are too few"):
        Data.of(*texts_of(11))


def test_unequal_numbers_and_unknown_tasks() -> None:
    with pytest.raises(DataError, match="30 training texts have 29 labels"):
        Data.of(texts_of(30)[0], texts_of(29)[1])
    with pytest.raises(DataError, match="the task is 'translate'; expected one of classify, tag"):
        Data.of(*texts_of(30), task="translate")
    with pytest.raises(DataError, match="there are no test texts"):
        Data.of(*texts_of(30), ([], []))


def test_labels_may_be_numbers_and_are_kept_as_text() -> None:
    texts, labels = texts_of(40)
    data = Data.of(texts, [len(label) for label in labels])
    assert data.scorer.names == ("3", "4")
    assert data_of().scorer.names == ("calm", "rain", "sun")
