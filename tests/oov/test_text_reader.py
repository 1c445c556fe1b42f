"""Texts to rows, with vectors for out-of-vocabulary words."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oov_tables import WORDS, fitted
from tables import table_of

from wordgraft import TextReader, Vocabulary, build_table, method_of, open_checkpoint
from wordgraft.oov import neighbours


def test_oov_words_are_numbered_after_the_rows_and_counted_by_origin(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert_cased"))
    vocabulary = Vocabulary.from_words([*WORDS, "1999"], checkpoint)
    table = build_table(checkpoint, vocabulary)
    texts = ["sun zap Rain", "", "zip zap 2031 RAIN"]
    reading = TextReader(table).read(texts)
    n, sun, rain = len(table), table.vocabulary.row("sun"), table["rain"]
    assert reading.ids.ids.tolist() == [sun, n, n + 1, n + 2, n, n + 3, n + 4]
    assert reading.ids.offsets.tolist() == [0, 3, 3, 7]
    assert reading.words == ("zap", "Rain", "zip", "2031", "RAIN")
    assert reading.origins == ("pieces", "case", "pieces", "number", "case")
    assert_allclose(reading.vectors[[1, 4]], [rain, rain], rtol=1e-6)
    assert_allclose(reading.vectors[3], table["1999"], rtol=1e-6)
    assert str(reading) == (
        "6 of 7 running words (5 different ones) are out of vocabulary; "
        "3 of them borrow a row: 2 by case, 1 by number"
    )
    ids, vectors = reading.alone(table)
    every = np.concatenate([table.rows(), reading.vectors])
    assert_array_equal(vectors[ids.ids], every[reading.ids.ids])
    assert not vectors[0].any()


def test_words_known_or_not_get_their_vectors(tiny_checkpoint: Callable[[str], Path]) -> None:
    table = fitted(tiny_checkpoint("bert"), "neighbours")
    found = TextReader(table).vectors(["sun", "unheard", "RAIN"])
    expected = [table["sun"], method_of(table).vectors(["unheard"])[0], table["rain"]]
    assert_allclose(found, expected, rtol=1e-6)


def test_sentences_of_words_keep_one_id_per_word() -> None:
    table = table_of(["sun", "rain"], [[1.0], [2.0]])
    reading = TextReader(table, "zero").read_words([["Sun", "no row", "rain"], [], ["no row"]])
    assert reading.ids.ids.tolist() == [2, 4, 3, 4]
    assert reading.ids.offsets.tolist() == [0, 3, 3, 4]
    assert (reading.words, reading.oov_tokens, reading.origins) == (("no row",), 2, ("zero",))


def test_a_method_is_loaded_once_and_not_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(["night", "nights"], np.eye(2))
    reader = TextReader(table, "neighbours")
    first = reader.vectors(["nightly"])
    monkeypatch.setattr(neighbours, "WordIndex", None)  # a second index would fail
    assert_array_equal(reader.vectors(["nightly"]), first)
    monkeypatch.undo()
    assert_array_equal(pickle.loads(pickle.dumps(reader)).vectors(["nightly"]), first)
