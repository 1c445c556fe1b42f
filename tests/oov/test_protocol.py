"""Every out-of-vocabulary method keeps the same promises, on every kind of tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from oov_tables import ASKED, asked_vectors, fit_again, fitted
from tables import random_table

from wordgraft import EmbeddingTable, method_of, with_oov
from wordgraft.errors import TableError
from wordgraft.oov import METHODS, Blend
from wordgraft.table import Center, Pca, Scale, Sif

STRANGE = {
    "empty": "",
    "whitespace": "  ",
    "long": "ab" * 5_000,
    "combining mark": "\u0301",
    "control": "\x00\x07",
    "script": "漢字ไทย",
    "emoji": "😂👍🏽",
}
each_method = pytest.mark.parametrize("name", METHODS)


@pytest.fixture(params=["bert", "roberta", "deberta_v2"])
def folder(request: pytest.FixtureRequest, tiny_checkpoint: Callable[[str], Path]) -> Path:
    return tiny_checkpoint(request.param)


@each_method
def test_vectors_are_finite_and_repeat_for_a_seed(folder: Path, name: str) -> None:
    vectors = asked_vectors(fitted(folder, name))
    assert vectors.shape == (len(ASKED), 32)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    again = fit_again(folder, name)
    assert torch.equal(before, torch.random.get_rng_state())
    assert_array_equal(asked_vectors(again), vectors)
    if name == "blend":
        assert np.abs(asked_vectors(fitted(folder, name, 1)) - vectors).max() > 1e-4


@each_method
def test_a_vector_is_the_words_own_whatever_is_beside_it(folder: Path, name: str) -> None:
    method = method_of(fitted(folder, name))
    together = method.vectors([*ASKED, "x" * 40, *ASKED])
    size = np.abs(together).max()
    assert_array_equal(together[: len(ASKED)], together[len(ASKED) + 1 :])
    alone = np.concatenate([method.vectors([word]) for word in ASKED])
    assert_allclose(together[: len(ASKED)], alone, atol=1e-5 * max(size, 1))
    assert method.vectors([]).shape == (0, 32)


@each_method
def test_a_saved_table_returns_the_same_vectors(folder: Path, name: str, tmp_path: Path) -> None:
    table = fitted(folder, name).refine(Center())
    table.save(tmp_path / "t")
    loaded = EmbeddingTable.load(tmp_path / "t")
    assert loaded.recipe["oov"] == name
    assert table.oov is not None
    assert loaded.oov is not None
    assert loaded.oov.settings == table.oov.settings
    for array, values in table.oov.arrays.items():
        assert_array_equal(loaded.oov.arrays[array], values)
    assert_array_equal(asked_vectors(loaded), asked_vectors(table))


@each_method
def test_refinements_made_later_are_followed(folder: Path, name: str) -> None:
    table = fitted(folder, name)
    before = asked_vectors(table)
    refined = table.refine(Center(), Sif(), Scale(0.3), Pca(4))
    assert refined.move is not None
    expected = refined.move(before)
    if name == "unk":
        expected = np.repeat(refined.rows([1]), len(ASKED), axis=0)
    if name == "zero":
        expected = np.zeros((len(ASKED), 4))
    if name in ("mean", "neighbours", "blend"):
        # Once Pca has come after Sif, what Sif did to the rows cannot be undone.
        refined = table.refine(Center(), Scale(0.3), Pca(4))
        assert refined.move is not None
        expected = refined.move(before)
    assert_allclose(asked_vectors(refined), expected, atol=2e-3 * max(1, np.abs(expected).max()))


@each_method
@pytest.mark.parametrize("word", STRANGE.values(), ids=STRANGE.keys())
def test_strange_words_get_a_finite_vector(
    tiny_checkpoint: Callable[[str], Path], name: str, word: str
) -> None:
    vectors = method_of(fitted(tiny_checkpoint("bert"), name)).vectors([word, "sunn"])
    assert np.isfinite(vectors).all()
    alone = method_of(fitted(tiny_checkpoint("bert"), name)).vectors(["sunn"])
    assert_allclose(vectors[1], alone[0], atol=1e-5 * max(1, np.abs(vectors).max()))


@each_method
def test_a_table_without_a_checkpoint_says_what_to_do_or_does_without(name: str) -> None:
    table = random_table()
    if name in ("pieces", "encoder"):
        with pytest.raises(TableError, match=rf"oov {name} needs the checkpoint .*neighbours"):
            with_oov(table, name)
        return
    method = Blend(epochs=0.1) if name == "blend" else name
    vectors = method_of(with_oov(table, method)).vectors(["w1x", "v"])
    assert vectors.shape == (2, 8)
    assert np.isfinite(vectors).all()


@each_method
def test_nothing_to_learn_from_is_an_error(name: str) -> None:
    empty = random_table(4).with_rows(np.arange(2, 6), np.zeros((4, 8)), source="zero")
    if not METHODS[name].learns:
        assert np.isfinite(method_of(empty, name).vectors(["w1x"])).all()
    elif name == "blend":
        with pytest.raises(TableError, match="there is nothing to learn from: use oov unk or zero"):
            with_oov(empty, name)
