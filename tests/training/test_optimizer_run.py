"""Epochs: interruptions, losses that become NaN, and the best weights."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from learning import PLAN as ENCODER_PLAN
from learning import examples_of, run
from noisy_texts import PLAN, train_bag

from wordgraft.core import run_state
from wordgraft.errors import TrainingError
from wordgraft.training.batch_gradients import BatchGradients
from wordgraft.training.network_optimizer import NetworkOptimizer
from wordgraft.training.optimizer_run import Epochs
from wordgraft.training.regularizers import (
    parse_regularizers,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_the_best_epoch_has_the_lowest_validation_loss() -> None:
    epochs = Epochs()
    assert [epochs.add(1.0, loss) for loss in (0.5, 0.6, 0.4, 0.4)] == [True, False, True, False]
    assert (epochs.best, epochs.without_improvement) == (3, 1)
    assert [Epochs([1.0], [], 1).add(2.0, None)] == [True]


def test_diverging_rates_are_an_error() -> None:
    with pytest.raises(TrainingError, match="the training loss became"):
        train_bag(replace(PLAN, head_rate=1e30, rows_rate=1e30))


def broken_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, calls = BatchGradients.loss, [0]

    def broken(self: BatchGradients, part: Any) -> torch.Tensor:
        calls[0] += 1
        return loss(self, part) * (float("nan") if calls[0] == step else 1)

    monkeypatch.setattr(BatchGradients, "loss", broken)


def test_a_nan_loss_leaves_the_last_good_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plan = replace(ENCODER_PLAN, schedule="constant")
    good, _ = run(folder, replace(plan, epochs=2))
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


def test_a_nan_loss_in_the_first_epoch_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_at(2, monkeypatch)
    with pytest.raises(TrainingError, match="became nan at step 2; lower the learning rates"):
        run(folder)


@pytest.fixture
def saving_after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `save_every=-1`, also when saving takes long."""
    monkeypatch.setattr(run_state, "_MAX_SHARE_OF_TIME", float("inf"))


class _KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.usefixtures("saving_after_each_step")
@pytest.mark.parametrize(
    ("regime", "regularizer", "validation_share", "killed"),
    [
        ("full", "none", 0, 7),
        ("lp-ft", "layer_decay", 0.25, 5),
        ("embeddings", "none", 0.25, 8),
        ("full", "lora", 0, 4),
        ("full", "l2sp", 0, 4),
        ("frozen", "none", 0.25, 6),
    ],
)
def test_a_killed_and_resumed_run_ends_like_an_uninterrupted_one(
    regime: str,
    regularizer: str,
    validation_share: float,
    killed: int,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = replace(
        ENCODER_PLAN,
        regularizers=parse_regularizers(regularizer),
        validation_share=validation_share,
    )
    calm, record = run(folder, plan, regime, dropout=True)
    step, steps = NetworkOptimizer.step, [0]
    phases = [0]

    def killing(self: NetworkOptimizer, *arguments: Any) -> float:
        if self.plan.schedule != "constant":  # not in the head's own phase, which keeps nothing
            steps[0] += 1
            if steps[0] == killed:
                raise _KilledError
        return step(self, *arguments)

    monkeypatch.setattr(NetworkOptimizer, "step", killing)
    plan = replace(plan, progress_folder=tmp_path / "p", save_every=-1.0)
    with pytest.raises(_KilledError):
        run(folder, plan, regime, dropout=True)
    assert phases == [0]
    resumed, again = run(folder, plan, regime, dropout=True)
    assert steps[0] < killed + 4 * 4  # it went on, and did not start over
    assert again.losses == record.losses
    assert again.validation_losses == record.validation_losses
    for name, tensor in calm.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_an_encoder_reads_little_padding(folder: Path) -> None:
    _, record = run(folder, replace(ENCODER_PLAN, epochs=1), examples=examples_of(folder, times=4))
    assert record.padding is not None
    assert 0 < record.padding <= 0.05


@pytest.mark.usefixtures("saving_after_each_step")
@pytest.mark.parametrize("validation_share", [0.0, 0.25])
def test_killed_and_resumed_rows_end_like_uninterrupted_ones(
    validation_share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, validation_share=validation_share, epochs=4, rows_rate=3e-2)
    calm = train_bag(plan)[0]
    plan = replace(plan, progress_folder=tmp_path / "p", save_every=-1.0)
    step, steps = NetworkOptimizer.step, [0]

    def killing(self: NetworkOptimizer, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 13:  # in the midst of the second or third pass
            raise InterruptedError
        return step(self, *arguments)

    monkeypatch.setattr(NetworkOptimizer, "step", killing)
    with pytest.raises(InterruptedError):
        train_bag(plan)
    resumed = train_bag(plan)[0]
    for name, tensor in calm.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


@pytest.mark.usefixtures("saving_after_each_step")
def test_a_nan_loss_after_resuming_restores_the_last_complete_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, validation_share=0.0, epochs=1, batch_size=16)
    first = train_bag(plan)[0]
    plan = replace(plan, epochs=3, progress_folder=tmp_path / "p", save_every=-1.0)
    step, steps = NetworkOptimizer.step, [0]

    def failing(self: NetworkOptimizer, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 11:
            raise InterruptedError
        return step(self, *arguments) if steps[0] < 13 else float("nan")

    monkeypatch.setattr(NetworkOptimizer, "step", failing)
    with pytest.raises(InterruptedError):
        train_bag(plan)
    ended = train_bag(plan)[0]
    torch.testing.assert_close(ended.rows.layer.weight, first.rows.layer.weight)
