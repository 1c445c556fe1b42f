"""What PyTorch alone has: bags, `torch.compile` and `torch.export`."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from tables import random_table

from wordgraft.grafts.torch import embedding, embedding_bag

TABLE = random_table(50, 8)
IDS = torch.tensor([[3, 7, 0], [9, 3, 51]])


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_a_bag_leaves_padding_out(mode: str) -> None:
    bag = embedding_bag(TABLE, trainable=False, mode=mode)
    expected = getattr(TABLE.rows()[[3, 7]], mode)(axis=0)
    assert_allclose(bag(IDS)[0].numpy(), expected, rtol=1e-6)


class MeanOfWords(torch.nn.Module):
    """A small network on a grafted layer; padding plays no part in its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = embedding(TABLE, trainable=True)
        self.head = torch.nn.Linear(8, 2, bias=False)
        torch.nn.init.ones_(self.head.weight)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        words = (ids != 0).sum(1, keepdim=True)
        return self.head(self.rows(ids).sum(1) / words)


def by_hand() -> np.ndarray:
    means = [TABLE.rows()[[3, 7]].mean(0), TABLE.rows()[[9, 3, 51]].mean(0)]
    return np.repeat(np.sum(means, axis=1, keepdims=True), 2, axis=1)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_and_its_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config, "compile_threads", 1)  # several are processes that import torch
    network = MeanOfWords()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about what it imports
        compiled = torch.compile(network, dynamic=True)
        assert_allclose(compiled(IDS).detach().numpy(), by_hand(), rtol=1e-5)
        assert_allclose(compiled(IDS[[0, 1, 1]]).detach().numpy(), by_hand()[[0, 1, 1]], rtol=1e-5)
        compiled(IDS).sum().backward()
    gradient = network.rows.weight.grad
    assert gradient is not None
    assert torch.nonzero(gradient.abs().sum(1)).flatten().tolist() == [3, 7, 9, 51]


def test_an_exported_network_takes_texts_of_any_number_and_length(tmp_path: Path) -> None:
    sizes = ({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(MeanOfWords().eval(), (IDS,), dynamic_shapes=sizes)
    torch.export.save(program, tmp_path / "network.pt2")
    again = torch.export.load(tmp_path / "network.pt2").module()
    assert_allclose(again(IDS).detach().numpy(), by_hand(), rtol=1e-5)
    longer = torch.tensor([[3, 7, 0, 0, 0, 0]] * 5)
    assert_allclose(again(longer).detach().numpy(), np.repeat(by_hand()[:1], 5, 0), rtol=1e-5)
