"""Every method for unknown words: the same promises, then what each one gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from wordgraft import EmbeddingTable, Vocabulary, build_table, method_of, open_checkpoint, with_oov
from wordgraft.errors import TableError
from wordgraft.oov import METHODS, read_rows_of
from wordgraft.table import Center, Pca

WORDS = ["sun", "rain", "warm", "cold", "the", "a", "tree", "garden"]
each_method = pytest.mark.parametrize("name", METHODS)


@pytest.fixture(params=["bert", "roberta", "deberta_v2"])
def folder(request: pytest.FixtureRequest, tiny_checkpoint: Callable[[str], Path]) -> Path:
    return tiny_checkpoint(request.param)


@each_method
def test_vectors_are_those_of_the_table_after_refining_and_saving(
    folder: Path, tmp_path: Path, name: str
) -> None:
    checkpoint = open_checkpoint(folder)
    raw = build_table(checkpoint, Vocabulary.from_words(WORDS, checkpoint), refinements=())
    table = with_oov(raw, name, checkpoint).refine(Center(), Pca(4))
    found = method_of(table).vectors(["unheard", "of", "unheard"])
    assert found.shape == (3, 4)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert_array_equal(found[0], found[2])
    table.save(tmp_path / "t")
    loaded = EmbeddingTable.load(tmp_path / "t")
    assert_array_equal(method_of(loaded).vectors(["unheard", "of", "unheard"]), found)


def test_pieces_are_the_mean_of_the_rows(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = build_table(checkpoint, vocabulary, source="composed", refinements=())
    pieces = checkpoint.tokenizer.word_pieces(["sunrain"]).ids
    expected = checkpoint.word_embeddings()[pieces].mean(axis=0)
    assert_allclose(method_of(table).vectors(["sunrain"])[0], expected, atol=2e-3)


def test_unk_is_the_row_and_zero_is_nothing(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    table = build_table(checkpoint, Vocabulary.from_words(WORDS, checkpoint), oov="unk")
    assert_array_equal(method_of(table).vectors(["x"])[0], table.rows([1])[0])
    assert not method_of(table, "zero").vectors(["x"]).any()


def test_a_method_that_needs_fitting_cannot_be_had_later(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    table = build_table(checkpoint, Vocabulary.from_words(WORDS, checkpoint), oov="zero")
    with pytest.raises(TableError, match="built with oov 'zero', not 'pieces'; rebuild"):
        method_of(table, "pieces")
    with pytest.raises(TableError, match="no method 'magic' for unknown words; there are unk"):
        method_of(table, "magic")


def test_unknown_words_are_numbered_behind_the_rows(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    table = build_table(checkpoint, Vocabulary.from_words(WORDS, checkpoint))
    texts = ["sun zap rain", "", "zip zap"]
    reading = read_rows_of(table, texts, method_of(table))
    n, sun, rain = len(table), table.vocabulary.row("sun"), table.vocabulary.row("rain")
    assert reading.ids.ids.tolist() == [sun, n, rain, n + 1, n]
    assert reading.ids.offsets.tolist() == [0, 3, 3, 5]
    assert reading.words == ("zap", "zip")
    assert str(reading) == "3 of 5 running words (2 different ones) have no row"
    ids, vectors = reading.alone(table)
    every = np.concatenate([table.rows(), reading.vectors])
    assert_array_equal(vectors[ids.ids], every[reading.ids.ids])
    assert not vectors[0].any()
