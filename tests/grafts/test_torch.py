"""The PyTorch graft gives the table's rows, and training reaches exactly those it should."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

from wordgraft.grafts import SeenRows
from wordgraft.grafts.torch import embedding, embedding_bag, write_back

TABLE = random_table(50, 8)
IDS = torch.tensor([[3, 7, 0], [9, 3, 51]])


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_layer_gives_the_rows_exactly(dtype: str) -> None:
    table = TABLE.astype(dtype)
    layer = embedding(table, trainable=False)
    assert_array_equal(layer(IDS).numpy(), table.rows()[IDS.numpy()])
    assert not layer.weight.requires_grad


def test_a_layer_may_be_of_another_precision() -> None:
    layer = embedding(TABLE, trainable=True, dtype=torch.bfloat16)
    assert torch.equal(layer.weight, torch.from_numpy(TABLE.rows()).bfloat16())


def test_gradients_reach_the_rows_that_occur_and_no_padding() -> None:
    layer = embedding(TABLE, trainable=True)
    layer(IDS).sum().backward()
    assert layer.weight.grad is not None
    assert torch.nonzero(layer.weight.grad.abs().sum(1)).flatten().tolist() == [3, 7, 9, 51]


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_a_bag_leaves_padding_out(mode: str) -> None:
    bag = embedding_bag(TABLE, trainable=False, mode=mode)
    expected = getattr(TABLE.rows()[[3, 7]], mode)(axis=0)
    assert_allclose(bag(IDS)[0].numpy(), expected, rtol=1e-6)


def test_training_changes_neither_table_nor_padding() -> None:
    before = TABLE.rows().copy()
    layer = embedding(TABLE, trainable=True)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1.0)
    layer(IDS).square().sum().backward()
    optimizer.step()
    assert_array_equal(TABLE.rows(), before)
    assert not layer.weight[0].any()


def test_compact_rows_train_as_the_whole_table_does() -> None:
    seen = SeenRows.of(TABLE, IDS.numpy())
    assert seen.rows.tolist() == [0, 1, 3, 7, 9, 51]
    trained = []
    for layer, ids, rows in (
        (embedding(TABLE, trainable=True), IDS, None),
        (
            embedding(TABLE, trainable=True, seen=seen),
            torch.from_numpy(seen.renumbered(IDS.numpy())),
            seen,
        ),
    ):
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            layer(ids).square().sum().backward()
            optimizer.step()
        trained.append(write_back(TABLE, layer, seen=rows))
    assert_array_equal(trained[0].rows(), trained[1].rows())
    assert_array_equal(
        np.flatnonzero((trained[1].rows() != TABLE.rows()).any(axis=1)), [3, 7, 9, 51]
    )
    assert trained[1].provenance.counts()["trained"] == 5


def test_an_id_not_seen_becomes_unknown() -> None:
    seen = SeenRows.of(TABLE, np.array([5, 9]))
    assert seen.renumbered(np.array([0, 1, 5, 6, 9, 40])).tolist() == [0, 1, 2, 1, 3, 1]
