"""Training kept on disk: whole or not at all, and of this run or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from wordgraft.core.ragged import Ragged
from wordgraft.errors import OutputError, ProgressError
from wordgraft.training import run_state as resume
from wordgraft.training.examples import Examples
from wordgraft.training.run_state import Keeper, Kept, fingerprint

RUN = {"rate": 1e-3, "regime": "full", "texts": 3}
KEPT = Kept({"network.a": torch.arange(3.0), "random.cpu": torch.arange(2)}, {"epoch": 2})


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "p", RUN)
    assert keeper.load() is None
    keeper.save(KEPT)
    keeper.save(KEPT)
    found = keeper.load()
    assert found is not None
    assert found.position == {"epoch": 2}
    assert found.group("network")["a"].tolist() == [0, 1, 2]
    assert found.group("random")["cpu"].dtype == torch.int64
    keeper.discard()
    assert list(tmp_path.iterdir()) == []


def test_another_run_is_refused_and_the_difference_named(tmp_path: Path) -> None:
    Keeper(tmp_path / "p", RUN).save(KEPT)
    with pytest.raises(ProgressError, match=r"its rate is 0.001, this run's is 0.01; go on with"):
        Keeper(tmp_path / "p", {**RUN, "rate": 1e-2}).load()
    with pytest.raises(ProgressError, match=r"regime is 'full'.*'frozen' \(and texts differ\)"):
        Keeper(tmp_path / "p", {**RUN, "regime": "frozen", "texts": 4}).load()


def test_damage_is_named(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "p", RUN)
    keeper.save(KEPT)
    path = tmp_path / "p" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ProgressError, match=r"is damaged \(the hash of state.safetensors differs"):
        keeper.load()


def test_a_disk_that_fills_leaves_the_last_state_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(tmp_path / "p", RUN)
    keeper.save(KEPT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resume, "write_tensors", full)
    with pytest.raises(OutputError, match="the disk is full"):
        keeper.save(Kept({}, {"epoch": 3}))
    found = keeper.load()
    assert found is not None
    assert found.position == {"epoch": 2}
    assert [each.name for each in tmp_path.iterdir()] == ["p"]


def test_an_optimizer_goes_on_to_the_bit() -> None:
    def stepped(steps: int, state: dict[str, torch.Tensor] | None, layer: nn.Linear) -> nn.Linear:
        optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
        if state is not None:
            resume.load_optimizer(optimizer, state)
        for step in range(steps):
            optimizer.zero_grad()
            layer(torch.full((1, 3), float(step + 1))).pow(2).sum().backward()
            optimizer.step()
        states.append(resume.optimizer_tensors(optimizer))
        return layer

    states: list[dict[str, torch.Tensor]] = []
    torch.manual_seed(0)
    one, two = nn.Linear(3, 2), nn.Linear(3, 2)
    two.load_state_dict(one.state_dict())
    stepped(3, None, one)
    stepped(3, states[0], one)
    stepped(3, None, two)
    assert not torch.equal(one.weight, two.weight)
    stepped(3, states[2], two)
    assert torch.equal(one.weight, two.weight)
    again = nn.Linear(3, 2)
    again.load_state_dict(two.state_dict())
    assert not torch.equal(stepped(1, None, again).weight, stepped(1, states[3], two).weight)


def test_data_that_differ_have_other_fingerprints() -> None:
    examples = Examples(Ragged.of([[1, 2], [3]]), np.array([0, 1]))
    other = Examples(Ragged.of([[1], [2, 3]]), np.array([0, 1]))
    assert fingerprint(examples) == fingerprint(examples.take(np.array([0, 1])))
    assert fingerprint(examples)["data"]["ids"] != fingerprint(other)["data"]["ids"]
    assert fingerprint(examples)["data"]["targets"] == fingerprint(other)["data"]["targets"]
