"""The state of a training run as arrays and back: exact, and of this run or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from wordgraft.core.ragged import Ragged
from wordgraft.core.run_state import RunState
from wordgraft.errors import ProgressError
from wordgraft.training import run_state
from wordgraft.training.examples import Examples
from wordgraft.training.run_state import STEP, TrainingState, fingerprint, load

RUN = {"rate": 1e-3, "regime": "full", "texts": 3}
STATE = TrainingState(
    {"network": {"head.weight": torch.arange(3.0)}, "random": {"cpu": torch.arange(2)}},
    {"epoch": 2},
)


def test_a_saved_state_is_loaded_with_its_groups_and_types(tmp_path: Path) -> None:
    saved = RunState(tmp_path / "p", RUN)
    assert load(saved) is None
    saved.save(STEP, *STATE.content())
    state = load(saved)
    assert state is not None
    assert state.position == {"epoch": 2}
    assert state.group("network")["head.weight"].tolist() == [0, 1, 2]
    assert state.group("random")["cpu"].dtype == torch.int64
    assert state.group("best") == {}


def test_the_state_of_another_run_is_refused(tmp_path: Path) -> None:
    RunState(tmp_path / "p", RUN).save(STEP, *STATE.content())
    with pytest.raises(ProgressError, match=r"its rate is 0\.001, this run's is 0.01"):
        load(RunState(tmp_path / "p", {**RUN, "rate": 1e-2}))


def test_random_numbers_continue_from_a_saved_state() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        state = run_state.random_tensors()
        drawn = torch.rand(4)
        run_state.load_random(state)
        assert torch.equal(torch.rand(4), drawn)
    rng = np.random.default_rng(0)
    before = run_state.generator_state(rng)
    numbers = rng.random(3)
    rng.bit_generator.state = before
    assert rng.random(3).tolist() == numbers.tolist()


def test_an_optimizer_goes_on_to_the_bit() -> None:
    def stepped(steps: int, state: dict[str, torch.Tensor] | None, layer: nn.Linear) -> nn.Linear:
        optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
        if state is not None:
            run_state.load_optimizer(optimizer, state)
        for step in range(steps):
            optimizer.zero_grad()
            layer(torch.full((1, 3), float(step + 1))).pow(2).sum().backward()
            optimizer.step()
        states.append(run_state.optimizer_tensors(optimizer))
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
