"""The rows of a table at work."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from tables import random_table

from wordgraft.errors import SettingsError
from wordgraft.estimators.first_layers import LayerContext, TableRows
from wordgraft.networks.inputs import NetworkInputs
from wordgraft.oov import Neighbours

TABLE = random_table(6, 4)
CONTEXT = LayerContext(per_word=False, trainable=True)


@pytest.mark.parametrize("texts", [["w1 w3", "w0"], [["w1", "w3"], ["w0"]]], ids=["text", "words"])
def test_what_is_read_are_the_rows_of_the_words(texts: list) -> None:
    layer = TableRows(TABLE).fitted(CONTEXT)
    for read in (layer.begin(texts), layer.read(texts)):
        ids, lengths = torch.from_numpy(read.ids.ids), torch.from_numpy(read.ids.lengths)
        found = read.rows(NetworkInputs(ids, lengths, {})).vectors.detach().numpy()
        assert_array_equal(found, [TABLE["w1"], TABLE["w3"], TABLE["w0"]])
        assert read.ids.lengths.tolist() == [2, 1]


def test_out_of_vocabulary_words_of_training_get_rows_by_the_method() -> None:
    layer = TableRows(TABLE, oov="mean").fitted(CONTEXT)
    layer.begin(["w1 zorkblat"])
    assert "zorkblat" in layer.table
    assert "zorkblat" not in TABLE
    assert np.abs(layer.table["zorkblat"]).max() > 0


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"first_layer\.table is 7; expected an EmbeddingTable"):
        TableRows(7).fitted(CONTEXT)  # type: ignore[arg-type]


def test_a_method_given_as_a_value_is_put_on_the_table_and_saved_by_name() -> None:
    value = TableRows(TABLE, oov=Neighbours(k=1))
    assert list(value.faults(per_word=False)) == []
    layer = value.fitted(CONTEXT)
    layer.begin(["w1 w2"])
    assert layer.table.oov is not None
    assert layer.table.oov.settings["k"] == 1
    assert value.saved_options()["oov"] == "neighbours"
