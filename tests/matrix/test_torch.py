"""Embedding layers of PyTorch models: found by name, written in place, unfrozen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tables import table_of
from torch import nn

import wordgraft as wg
from wordgraft.errors import TableError
from wordgraft.matrix.torch import TorchSlot, parameter_groups

WORDS = ["<pad>", "<unk>", "sun", "rain"]
TABLE = table_of(WORDS[2:], [[1, 0], [0, 2]], unk=9.0)


class Tagger(nn.Module):
    """A model with nested, tied and half-precision layers."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict(
            {"embed": nn.Embedding(4, 2, padding_idx=0, dtype=dtype), "norm": nn.LayerNorm(2)}
        )
        self.output = nn.Linear(2, 4, bias=False, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_rows_keep_dtype_and_padding(dtype: torch.dtype) -> None:
    model = Tagger(dtype)
    before = model.encoder["embed"].weight
    wg.graft(model, "encoder.embed", TABLE, WORDS, trainable=False)
    layer = model.encoder["embed"]
    assert layer.weight is before
    assert layer.weight.dtype == dtype
    assert layer.weight.tolist() == [[0, 0], [9, 9], [1, 0], [0, 2]]
    assert not layer.weight.requires_grad
    assert layer.padding_idx == 0


def test_tied_weights_stay_tied_and_are_reported() -> None:
    model = Tagger()
    model.output.weight = model.encoder["embed"].weight
    report = wg.graft(model, "encoder.embed", TABLE, WORDS, trainable=False)
    assert model.output.weight.tolist()[3] == [0, 2]
    assert report.notes[-1] == "tied to output.weight, which hold the same rows and are frozen too"


def test_a_bag_and_a_layer_with_max_norm() -> None:
    model = nn.Sequential(nn.EmbeddingBag(4, 2, padding_idx=0, max_norm=1.0))
    report = wg.graft(model, "0", TABLE, WORDS)
    assert model[0].weight[3].tolist() == [0, 2]
    assert "max_norm=1: it shortens longer rows" in report.notes[-1]


def test_names_that_do_not_exist() -> None:
    with pytest.raises(TableError, match=r"'embed' \(there is no such module\).*'encoder.embed'"):
        TorchSlot.find(Tagger(), "embed")
    with pytest.raises(TableError, match=r"'output' \(it is a Linear\)"):
        TorchSlot.find(Tagger(), "output")
    with pytest.raises(TableError, match="it has none"):
        TorchSlot.find(nn.Linear(1, 1), "embed")


def test_a_layer_without_memory_is_refused() -> None:
    with torch.device("meta"):
        model = Tagger()
    with pytest.raises(TableError, match="on the meta device"):
        TorchSlot.find(model, "encoder.embed")


def test_weights_are_a_copy() -> None:
    model = Tagger()
    weights = TorchSlot.find(model, "encoder.embed").weights
    weights[:] = np.nan
    assert torch.isfinite(model.encoder["embed"].weight).all()


def test_unfrozen_rows_learn_at_their_own_rate() -> None:
    model = Tagger()
    wg.graft(model, "encoder.embed", TABLE, WORDS, trainable=False)
    model.encoder["norm"].requires_grad_(False)
    groups = parameter_groups(model, "encoder.embed", 1e-4)
    optimizer = torch.optim.SGD(groups, lr=1.0)
    model.output(model.encoder["embed"](torch.tensor([2, 3]))).sum().backward()
    before = model.encoder["embed"].weight.detach().clone()
    gradient = model.encoder["embed"].weight.grad
    optimizer.step()
    assert gradient is not None
    assert torch.equal(model.encoder["embed"].weight, before - 1e-4 * gradient)
    assert [len(group["params"]) for group in groups] == [1, 1]
