"""Epochs and steps: interruptions, losses that become NaN, and the best weights."""

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
from noisy_texts import PLAN, bag_on, noisy_texts, train_bag
from tables import random_table

from wordgraft.core import run_state
from wordgraft.errors import ProgressError, TrainingError
from wordgraft.grafts.torch import embedding
from wordgraft.networks.network import Network
from wordgraft.training.batch_gradients import BatchGradients
from wordgraft.training.lazy_adamw import LazyRows
from wordgraft.training.loop import train
from wordgraft.training.optimizer_run import Epochs, OptimizerRun
from wordgraft.training.plan import Plan
from wordgraft.training.regimes import REGIMES
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

    def broken(self: OptimizerRun, part: Any) -> torch.Tensor:
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
    step, steps = OptimizerRun._step, [0]
    phases = [0]

    def killing(self: OptimizerRun, *arguments: Any) -> float:
        if self.plan.schedule != "constant":  # not in the head's own phase, which keeps nothing
            steps[0] += 1
            if steps[0] == killed:
                raise _KilledError
        return step(self, *arguments)

    monkeypatch.setattr(OptimizerRun, "_step", killing)
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


def trained(plan: Plan) -> Network:
    network = bag_on(embedding(random_table(60, 8), trainable=True))
    train(network, noisy_texts(), plan, regime=REGIMES["embeddings"], names=("bag", "table"))
    return network


def test_training_is_the_same_as_with_adamw_over_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, clip=0.5, schedule="linear", validation_share=0.0)
    found = []
    for _ in range(2):
        network = bag_on(embedding(random_table(60, 8), trainable=True))
        train(network, noisy_texts(), plan, regime=REGIMES["embeddings"], names=("bag", "table"))
        found.append(network.rows.layer.weight.detach())
        monkeypatch.setattr(OptimizerRun, "_table_of", lambda *_: (None, 0.0))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("saving_after_each_step")
@pytest.mark.parametrize("validation_share", [0.0, 0.25])
def test_killed_and_resumed_rows_end_like_uninterrupted_ones(
    validation_share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, validation_share=validation_share, epochs=4, rows_rate=3e-2)
    calm = trained(plan)
    plan = replace(plan, progress_folder=tmp_path / "p", save_every=-1.0)
    step, steps = OptimizerRun._step, [0]

    def killing(self: OptimizerRun, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 13:  # in the midst of the second or third pass
            raise InterruptedError
        return step(self, *arguments)

    monkeypatch.setattr(OptimizerRun, "_step", killing)
    with pytest.raises(InterruptedError):
        trained(plan)
    resumed = trained(plan)
    for name, tensor in calm.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_moments_saved_for_all_rows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, epochs=2, progress_folder=tmp_path / "p", save_every=-1.0)
    with monkeypatch.context() as patched:
        patched.setattr(OptimizerRun, "_table_of", lambda *_: (None, 0.0))
        trained(plan)
    with pytest.raises(ProgressError, match="start over with --no-resume"):
        trained(plan)


def test_moments_saved_under_another_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, epochs=2, progress_folder=tmp_path / "p", save_every=-1.0)
    named = LazyRows.tensors
    with monkeypatch.context() as patched:
        patched.setattr(LazyRows, "tensors", lambda self: {"mean": named(self)["moments"][0]})
        trained(plan)
    with pytest.raises(ProgressError, match="start over with --no-resume"):
        trained(plan)


@pytest.mark.usefixtures("saving_after_each_step")
def test_a_nan_loss_after_resuming_restores_the_last_complete_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, validation_share=0.0, epochs=1, batch_size=16)
    first = trained(plan)
    plan = replace(plan, epochs=3, progress_folder=tmp_path / "p", save_every=-1.0)
    step, steps = OptimizerRun._step, [0]

    def failing(self: OptimizerRun, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 11:
            raise InterruptedError
        return step(self, *arguments) if steps[0] < 13 else float("nan")

    monkeypatch.setattr(OptimizerRun, "_step", failing)
    with pytest.raises(InterruptedError):
        trained(plan)
    ended = trained(plan)
    torch.testing.assert_close(ended.rows.layer.weight, first.rows.layer.weight)
