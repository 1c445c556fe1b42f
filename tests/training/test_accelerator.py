"""The device of a run, and the state of accelerate and torch around it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from noisy_texts import PLAN, train_bag

from wordgraft.errors import TrainingError
from wordgraft.training.accelerator import seeded


def test_a_run_can_use_another_device_than_the_first_of_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from accelerate.state import AcceleratorState, PartialState

    train_bag()  # whatever was first, accelerate has a state now
    states = [dict(kind._shared_state) for kind in (AcceleratorState, PartialState)]
    for state in states:
        state |= {"device": torch.device("cuda"), "_cpu": False}
    for kind, state in zip((AcceleratorState, PartialState), states, strict=True):
        monkeypatch.setattr(kind, "_shared_state", dict(state))
    network, record = train_bag()
    assert record.epochs > 1
    assert {each.device.type for each in network.parameters()} == {"cpu"}
    assert [dict(kind._shared_state) for kind in (AcceleratorState, PartialState)] == states
    with pytest.raises(TrainingError, match="the training loss became"):
        train_bag(replace(PLAN, head_rate=1e30, rows_rate=1e30))
    assert PartialState._shared_state["device"].type == "cuda"  # put back after errors too


def test_a_seed_leaves_the_callers_random_state() -> None:
    before = torch.random.get_rng_state()
    with seeded(7):
        first = torch.rand(3)
    with seeded(7):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(torch.random.get_rng_state(), before)
