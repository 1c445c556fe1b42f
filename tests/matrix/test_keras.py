"""Embedding layers of Keras models; also a plain layer whose file opens without wordgraft."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tables import table_of

import wordgraft as wg
from wordgraft.errors import TableError
from wordgraft.matrix.keras import KerasSlot

pytestmark = pytest.mark.keras

WORDS = ["", "[UNK]", "sun", "rain"]
TABLE = table_of(WORDS[2:], [[1, 0], [0, 2]], unk=9.0)
ROWS = [[0, 0], [9, 9], [1, 0], [0, 2]]


def _model(*, mask_zero: bool = True) -> keras.Model:
    inner = keras.Sequential([keras.layers.Embedding(4, 2, name="embed")], name="encoder")
    layers = [
        keras.Input((None,), dtype="int32"),
        keras.layers.Embedding(4, 2, mask_zero=mask_zero, name="words"),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1, name="head"),
    ]
    model = keras.Sequential(layers)
    model.inner = inner
    return model


def _rows(layer: keras.layers.Embedding) -> list[list[float]]:
    return keras.ops.convert_to_numpy(layer.embeddings).tolist()


def test_rows_are_replaced_by_name() -> None:
    model = _model()
    report = wg.graft(model, "words", TABLE, WORDS, trainable=False)
    assert _rows(model.get_layer("words")) == ROWS
    assert not model.get_layer("words").trainable
    assert report.by_source == {"padding": 1, "unk": 1, "file": 2}


def test_a_nested_layer_that_is_not_built() -> None:
    model = _model()
    wg.graft(model, "inner.embed", TABLE, WORDS)
    assert _rows(model.inner.layers[0]) == ROWS


def test_a_compiled_model_is_to_be_compiled_again() -> None:
    model = _model()
    model.compile("sgd", "mse")
    report = wg.graft(model, "words", TABLE, WORDS, trainable=False)
    assert report.notes[-1].startswith("compile the model again")


def test_the_padding_of_a_mask() -> None:
    words = ["sun", "[UNK]", "rain", "snow"]
    with pytest.raises(wg.WordgraftError, match=r"id 0 is the padding of the layer 'words'.*'sun'"):
        wg.graft(_model(), "words", TABLE, words)
    wg.graft(_model(mask_zero=False), "words", TABLE, words)


def test_names_that_do_not_exist() -> None:
    with pytest.raises(TableError, match=r"'word' \(there is no such layer\).*'words'"):
        KerasSlot.find(_model(), "word")
    with pytest.raises(TableError, match=r"'head' \(it is a Dense\)"):
        KerasSlot.find(_model(), "head")


def test_a_plain_embedding_takes_the_matrix() -> None:
    matrix = wg.embedding_matrix(TABLE, WORDS)
    layer = keras.layers.Embedding(*matrix.shape, weights=[matrix.vectors], mask_zero=True)
    rows = keras.ops.convert_to_numpy(layer(np.array([[2, 3, 0]])))
    assert rows.tolist() == [[[1, 0], [0, 2], [0, 0]]]
