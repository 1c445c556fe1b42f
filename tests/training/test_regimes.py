"""Regimes on a tiny encoder: what learns, when, and what may go wrong meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learning import PLAN, examples_of, network_of, run, weights_of
from numpy.testing import assert_allclose

from wordgraft.errors import ProgressError, TrainingError
from wordgraft.networks.network import Network
from wordgraft.training import precision
from wordgraft.training.loop import features, loss_on, predictions
from wordgraft.training.optimizer_run import Run
from wordgraft.training.param_groups import depth_of
from wordgraft.training.regularizers import parse_regularizers

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def changed(network: Network, start: dict[str, torch.Tensor]) -> set[int]:
    """Depths at which weights moved; 4 is the head."""
    return {
        depth_of(network, name)
        for name, tensor in network.state_dict().items()
        if not torch.equal(tensor, start[name])
    }


@pytest.mark.parametrize(
    ("regime", "depths"),
    [
        ("frozen", {4}),
        ("embeddings", {0, 4}),
        ("full", {0, 1, 2, 3, 4}),
        ("lp-ft", {0, 1, 2, 3, 4}),
    ],
)
def test_what_learns_under_each_regime(regime: str, depths: set[int], folder: Path) -> None:
    start = weights_of(network_of(folder))
    network, record = run(folder, regime=regime)
    assert changed(network, start) == depths
    assert record.losses[-1] < record.losses[0]
    learnt = sum(
        each.numel()
        for name, each in network.named_parameters()
        if depth_of(network, name) in depths
    )
    assert record.parameters == learnt


def test_frozen_features_are_those_of_the_network(folder: Path) -> None:
    plan = replace(PLAN, max_epochs=100, head_rate=0.05, batch_size=40)
    network, record = run(folder, plan, "frozen")
    examples = examples_of(folder)
    # One batch an epoch, so that the last loss is that of the weights a step before the last.
    assert loss_on(network, examples) == pytest.approx(record.losses[-1], abs=1e-4)
    accuracy = (predictions(network, examples).argmax(axis=1) == examples.targets).mean()
    assert accuracy > np.mean(examples.targets == 0) + 0.04


def test_lp_ft_starts_the_rows_with_a_head_that_knows_the_task(folder: Path) -> None:
    starts: list[dict[str, torch.Tensor]] = []
    plan = replace(PLAN, probe_epochs=40)
    fresh = network_of(folder)
    run(folder, plan, "lp-ft", on_start=starts.append)
    assert {name.split(".")[0] for name in starts[0]} == {"rows", "head"}
    before = weights_of(fresh)
    for name, tensor in starts[0].items():
        assert torch.equal(tensor, before[name]) is name.startswith("rows."), name
    random = loss_on(fresh, examples_of(folder))
    fresh.load_state_dict(starts[0])
    assert loss_on(fresh, examples_of(folder)) < 0.95 * random
    run(folder, plan, "full", on_start=starts.append)
    assert {name.split(".")[0] for name in starts[1]} == {"rows"}


def test_a_batch_in_parts_has_the_gradients_of_the_whole(folder: Path) -> None:
    # Losses and not weights: Adam makes whole steps of gradients that are nothing but rounding.
    losses = [run(folder, replace(PLAN, chunks=chunks))[1].losses for chunks in (1, 4)]
    assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_out_of_memory_halves_the_batch_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, whole = run(folder)
    loss = Run._loss

    def small(self: Run, part: Any) -> torch.Tensor:
        if len(part) > 5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return loss(self, part)

    monkeypatch.setattr(Run, "_loss", small)
    with caplog.at_level(logging.WARNING, "wordgraft"):
        _, parts = run(folder)
    assert [record.args for record in caplog.records] == [(16, 2), (16, 4)]
    assert_allclose(parts.losses, whole.losses, rtol=1e-4)

    def never(*_: Any) -> torch.Tensor:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(Run, "_loss", never)
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        run(folder)


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32(folder: Path) -> None:
    _, one = run(folder)
    mixed, two = run(folder, replace(PLAN, precision="bfloat16"))
    assert one.losses != two.losses
    assert_allclose(one.losses, two.losses, rtol=0.1)
    assert {tensor.dtype for tensor in mixed.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("times", [2.0, 40.0])
def test_bfloat16_that_would_be_slow_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, times: float
) -> None:
    monkeypatch.setattr(precision, "_times_as_long", lambda _: times)
    run(folder, replace(PLAN, precision="bfloat16", max_epochs=1))
    said = [record.getMessage() for record in caplog.records]
    assert any("40 times as slowly as in float32" in each for each in said) == (times > 3)


def broken_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, calls = Run._loss, [0]

    def broken(self: Run, part: Any) -> torch.Tensor:
        calls[0] += 1
        return loss(self, part) * (float("nan") if calls[0] == step else 1)

    monkeypatch.setattr(Run, "_loss", broken)


def test_a_loss_that_is_no_number_leaves_the_last_good_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plan = replace(PLAN, schedule="constant")
    good, _ = run(folder, replace(plan, max_epochs=2))
    steps = -(-len(examples_of(folder)) // 16)
    broken_at(2 * steps + 2, monkeypatch)
    with caplog.at_level(logging.WARNING, "wordgraft"):
        network, record = run(folder, plan)
    assert record.stopped == f"loss nan at step {2 * steps + 2}"
    assert f"became nan at step {2 * steps + 2}: training stops with the weights after epoch 2" in (
        caplog.text
    )
    assert record.epochs == 2
    for name, tensor in good.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name


def test_a_loss_that_never_was_a_number_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_at(2, monkeypatch)
    with pytest.raises(TrainingError, match="became nan at step 2; lower the learning rates"):
        run(folder)


class _KilledError(Exception):
    """What stands for a kill."""


@pytest.mark.parametrize(
    ("regime", "regularizer", "held_out", "killed"),
    [
        ("full", "none", 0, 7),
        ("lp-ft", "layer_decay", 0.25, 5),
        ("embeddings", "none", 0.25, 8),
        ("full", "lora", 0, 4),
        ("frozen", "none", 0.25, 6),
    ],
)
def test_killed_and_resumed_it_ends_as_if_it_had_not_been(
    regime: str,
    regularizer: str,
    held_out: float,
    killed: int,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = replace(PLAN, regularizers=parse_regularizers(regularizer), held_out=held_out)
    calm, record = run(folder, plan, regime, dropout=True)
    step, steps = Run._step, [0]
    phases = [0]

    def killing(self: Run, *arguments: Any) -> float:
        if self.plan.schedule != "constant":  # not in the head's own phase, which keeps nothing
            steps[0] += 1
            if steps[0] == killed:
                raise _KilledError
        return step(self, *arguments)

    monkeypatch.setattr(Run, "_step", killing)
    plan = replace(plan, keep=tmp_path / "p", keep_every=-1.0)
    with pytest.raises(_KilledError):
        run(folder, plan, regime, dropout=True)
    assert phases == [0]
    resumed, again = run(folder, plan, regime, dropout=True)
    assert steps[0] < killed + 4 * 4  # it went on, and did not start over
    assert again.losses == record.losses
    assert again.held_out_losses == record.held_out_losses
    for name, tensor in calm.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_progress_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, keep=tmp_path / "p", keep_every=-1.0)
    run(folder, plan)
    with pytest.raises(ProgressError, match=r"its rows_rate is '0.0003', this run's is '0.001'"):
        run(folder, replace(plan, rows_rate=1e-3))
    with pytest.raises(ProgressError, match=r"its regime is 'full', this run's is 'frozen'"):
        run(folder, plan, "frozen")
    turned = replace(examples_of(folder), targets=1 - examples_of(folder).targets)
    with pytest.raises(ProgressError, match=r"its data is .*'ids'"):
        run(folder, plan, examples=turned)
    run(folder, replace(plan, rows_rate=1e-3, resume=False))


def test_an_encoder_reads_little_padding(folder: Path) -> None:
    _, record = run(folder, replace(PLAN, max_epochs=1), examples=examples_of(folder, times=4))
    assert record.padding is not None
    assert 0 < record.padding <= 0.05


def test_regularizers_are_recorded_and_leave_plain_weights(folder: Path) -> None:
    names = set(network_of(folder).state_dict())
    plan = replace(PLAN, max_epochs=1, regularizers=parse_regularizers("layer_decay,lora"))
    network, record = run(folder, plan)
    assert record.regularizers == ("layer_decay:0.9", "lora:8")
    assert set(network.state_dict()) == names


def test_the_start_has_plain_names_and_weights_under_lora(folder: Path) -> None:
    start = {k: v for k, v in weights_of(network_of(folder)).items() if k.startswith("rows.")}
    starts: list[dict[str, torch.Tensor]] = []
    plan = replace(PLAN, regularizers=parse_regularizers("lora"), rows_rate=1e-2)
    trained, _ = run(folder, plan, on_start=starts.append)
    assert starts[0].keys() == start.keys()
    assert all(torch.equal(starts[0][name], start[name]) for name in start)
    name = "rows.model.encoder.layer.1.output.dense.weight"
    assert float((trained.state_dict()[name] - start[name]).abs().max()) > 1e-3


def test_layer_decay_leaves_the_rows_closer_to_their_start(folder: Path) -> None:
    start = weights_of(network_of(folder))

    def distance(regularizer: str) -> float:
        plan = replace(PLAN, regularizers=parse_regularizers(regularizer), schedule="constant")
        network, _ = run(folder, plan)
        squares = [
            float((tensor - start[name]).square().sum())
            for name, tensor in network.state_dict().items()
            if name.startswith("rows.")
        ]
        return float(np.sqrt(sum(squares)))

    assert distance("layer_decay:0.5") < 0.9 * distance("none")


def test_predictions_side_by_side_are_those_one_after_the_other(folder: Path) -> None:
    network, examples = network_of(folder).eval(), examples_of(folder, times=12)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append((predictions(network, examples), features(network, examples)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(examples) > 64  # several batches
    for alone, beside in zip(*found, strict=True):
        assert_allclose(beside, alone, rtol=1e-5, atol=1e-6)
