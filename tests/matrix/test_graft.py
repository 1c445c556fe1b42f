"""`graft`: sizes are checked before anything is computed; the model changes whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tables import random_table, table_of
from torch import nn

import wordgraft as wg
from wordgraft.errors import TableError, VocabularyError

WORDS = ["<pad>", "<unk>", "sun", "rain"]
TABLE = table_of(WORDS[2:], [[1, 0], [0, 2]])


def _model(rows: int = 4, dims: int = 2, padding: int | None = 0) -> nn.Sequential:
    return nn.Sequential(nn.Embedding(rows, dims, padding_idx=padding))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (_model(dims=1), {}, "its vectors have 1 numbers, these 2: pass dims=1 to fit them by PCA"),
        (_model(dims=3), {}, "its vectors have 3 numbers, these 2: make a layer of 2, or take"),
        (_model(rows=3), {}, "it has 3 rows, and the largest id needs 4: make a larger layer"),
        (_model(rows=9), {}, "it has 9 rows, and the words' ids end at 3: pass rows=9"),
    ],
)
def test_another_size_is_refused_with_the_numbers(
    model: nn.Sequential, options: dict[str, Any], message: str
) -> None:
    before = model[0].weight.detach().clone()
    with pytest.raises(TableError, match=message):
        wg.graft(model, "0", TABLE, WORDS, **options)
    assert torch.equal(model[0].weight, before)


def test_nothing_is_encoded_for_a_layer_of_another_size(
    tiny_checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wg.Isolated, "table", lambda *_, **__: pytest.fail("words were encoded"))
    with pytest.raises(TableError, match="pass dims=8"):
        wg.graft(_model(dims=8), "0", str(tiny_checkpoint("bert")), WORDS)


def test_the_layer_s_size_is_met_by_dims_and_rows() -> None:
    table = random_table(dims=8)
    model = _model(rows=220, dims=3)
    report = wg.graft(
        model, "0", table, ["<pad>", *(f"w{i}" for i in range(200))], dims=3, rows=220
    )
    assert report.variance_kept is not None
    assert report.unnamed == ((201, 219),)
    assert model[0].weight[1:201].abs().sum() > 0


def test_like_takes_the_spread_of_the_rows_that_are_replaced() -> None:
    torch.manual_seed(0)
    table = random_table(dims=8)
    model = _model(rows=200, dims=8, padding=None)
    nn.init.normal_(model[0].weight, std=0.02)
    spread = float(model[0].weight.detach().square().mean().sqrt())
    wg.graft(model, "0", table, [f"w{i}" for i in range(200)], scale="like")
    assert float(model[0].weight.detach().square().mean().sqrt()) == pytest.approx(spread, rel=1e-4)


def test_the_padding_of_the_layer_is_no_word() -> None:
    with pytest.raises(VocabularyError, match=r"id 0 is the padding of the layer '0'.*'sun' there"):
        wg.graft(_model(), "0", TABLE, ["sun", "<unk>", "rain", "<pad>"])
    model = _model()
    wg.graft(model, "0", TABLE, ["sun", "<unk>", "rain", "x"], special={"sun": "pad"})
    assert not model[0].weight[0].any()


def test_other_objects_are_refused() -> None:
    with pytest.raises(TableError, match=r"the model is a builtins.dict; expected a PyTorch"):
        wg.graft({}, "embed", TABLE, WORDS)
    with pytest.raises(TableError, match="scale is 'large'; expected 'like' or a number"):
        wg.graft(_model(), "0", TABLE, WORDS, scale="large")


def test_a_grafted_layer_trains_after_it_is_unfrozen() -> None:
    model = nn.Sequential(*_model(), nn.Linear(2, 1))
    wg.graft(model, "0", TABLE, WORDS, trainable=False)
    optimizer = torch.optim.SGD(wg.unfreeze(model, "0", rate=0.1), lr=1.0)
    model(torch.tensor([2])).sum().backward()
    before = model[0].weight.detach().numpy().copy()
    optimizer.step()
    changed = np.flatnonzero((model[0].weight.detach().numpy() != before).any(axis=1))
    assert changed.tolist() == [2]


def test_groups_are_pytorch_s() -> None:
    from flax import nnx

    with pytest.raises(TableError, match="parameter groups are PyTorch's"):
        wg.unfreeze(nnx.Embed(1, 1, rngs=nnx.Rngs(0)), "", rate=0.1)
