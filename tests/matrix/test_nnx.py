"""Embedding layers of Flax NNX modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flax import nnx
from tables import table_of

import wordgraft as wg
from wordgraft.errors import TableError
from wordgraft.matrix.nnx import NnxSlot

WORDS = ["<pad>", "<unk>", "sun", "rain"]
TABLE = table_of(WORDS[2:], [[1, 0], [0, 2]], unk=9.0)
ROWS = [[0, 0], [9, 9], [1, 0], [0, 2]]


class Model(nnx.Module):
    """A module with a nested embedding layer."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.encoder: Any = nnx.Dict(embed=nnx.Embed(4, 2, rngs=rngs))
        self.head = nnx.Linear(2, 1, rngs=rngs)


@pytest.mark.parametrize("trainable", [True, False])
def test_rows_are_replaced(trainable: bool) -> None:
    model = Model()
    wg.graft(model, "encoder.embed", TABLE, WORDS, trainable=trainable)
    layer = model.encoder["embed"]
    assert layer(np.arange(4)).tolist() == ROWS
    parameters = nnx.to_flat_state(nnx.state(model, nnx.Param))
    assert (("encoder", "embed", "embedding") in dict(parameters)) is trainable


def test_shared_rows_cannot_be_frozen_for_one_layer_alone() -> None:
    model = Model()
    model.other = nnx.Embed(4, 2, rngs=nnx.Rngs(1))
    model.other.embedding = model.encoder["embed"].embedding
    with pytest.raises(TableError, match="are shared with other, so they cannot be frozen"):
        wg.graft(model, "encoder.embed", TABLE, WORDS, trainable=False)
    report = wg.graft(model, "encoder.embed", TABLE, WORDS)
    assert model.other(np.arange(4)).tolist() == ROWS
    assert report.notes[-1] == "shared with other, which hold the same rows"


def test_names_that_do_not_exist() -> None:
    with pytest.raises(TableError, match=r"'embed' \(there is no such module\).*encoder.embed"):
        NnxSlot.find(Model(), "embed")
    with pytest.raises(TableError, match=r"'head' \(it is a Linear\)"):
        NnxSlot.find(Model(), "head")
