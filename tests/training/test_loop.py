"""Training on small noisy texts and a tiny encoder: when it stops, what it keeps and changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learning import PLAN as ENCODER_PLAN
from learning import examples_of, network_of, run, weights_of
from noisy_texts import PLAN, TABLE, bag_on, noisy_texts, train_bag
from numpy.testing import assert_allclose, assert_array_equal

from wordgraft.core.ragged import Ragged
from wordgraft.errors import ProgressError
from wordgraft.grafts import RowSubset
from wordgraft.grafts.torch import embedding, write_back
from wordgraft.training.examples import Examples
from wordgraft.training.inference import (
    loss_on,
    predictions,
)
from wordgraft.training.loop import train
from wordgraft.training.optimizer_run import OptimizerRun
from wordgraft.training.regimes import REGIMES
from wordgraft.training.regularizers import (
    parse_regularizers,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_training_stops_early_with_the_best_weights() -> None:
    plan = replace(PLAN, epochs=60)
    network, record = train_bag(plan)
    losses = record.validation_losses
    assert record.epochs < 60
    assert record.best_epoch == 1 + int(np.argmin(losses))
    assert record.epochs == record.best_epoch + plan.patience
    held_out = plan.split(noisy_texts())[1]
    assert loss_on(network, held_out) == pytest.approx(min(losses), abs=1e-5)
    assert loss_on(network, held_out) < losses[-1] - 1e-3


def test_without_a_validation_part_all_texts_are_trained_on_to_the_end() -> None:
    _, record = train_bag(replace(PLAN, validation_share=0, epochs=5, patience=1))
    assert (record.epochs, record.best_epoch) == (5, 5)
    assert (record.texts, record.validation_texts) == (120, 0)
    assert record.validation_losses == ()
    assert record.losses[-1] < record.losses[0]


def test_a_seed_repeats_a_run_exactly_and_another_does_not() -> None:
    (one, first), (two, second) = train_bag(), train_bag()
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, two.state_dict()[name]), name
    assert first.losses == second.losses
    assert train_bag(replace(PLAN, seed=1))[1].losses != first.losses


def test_frozen_leaves_the_rows_and_embeddings_moves_those_that_occur() -> None:
    frozen, record = train_bag(regime="frozen")
    assert_array_equal(frozen.rows.layer.weight.detach(), TABLE.rows())
    assert record.parameters == 8 * 16 + 16 + 16 * 2 + 2
    tuned, record = train_bag()
    moved = np.any(tuned.rows.layer.weight.detach().numpy() != TABLE.rows(), axis=1)
    trained_on = np.unique(PLAN.split(noisy_texts())[0].ids.ids)
    assert_array_equal(np.flatnonzero(moved), trained_on)
    assert record.parameters == 8 * 16 + 16 + 16 * 2 + 2 + TABLE.vectors.size


def test_rows_and_head_learn_at_their_own_rates() -> None:
    network, _ = train_bag(replace(PLAN, rows_rate=1e-12))
    assert_allclose(network.rows.layer.weight.detach(), TABLE.rows(), atol=1e-8)
    start = bag_on(network.rows.layer).head.linear.weight
    assert (network.head.linear.weight - start).abs().max() > 0.01


def test_compact_rows_learn_what_the_whole_table_learns() -> None:
    whole, _ = train_bag()
    examples = noisy_texts()
    subset = RowSubset.of(TABLE, examples.ids.ids)
    layer = embedding(TABLE, trainable=True, row_subset=subset)
    network = bag_on(layer)
    compact = Examples(
        Ragged(subset.renumbered(examples.ids.ids), examples.ids.offsets), examples.targets
    )
    train(network, compact, PLAN, regime=REGIMES["embeddings"], names=("bag", "table"))
    written = write_back(TABLE, layer, row_subset=subset)
    assert_allclose(written.rows(), whole.rows.layer.weight.detach(), atol=1e-6)


def test_class_weights_raise_the_recall_of_a_rare_class() -> None:
    """Nine in ten are of class 0, and words tell too little: unweighed, few are called 1."""
    rng = np.random.default_rng(0)
    classes = (rng.random(400) < 0.1).astype(np.int64)
    low = np.where(classes[:, None] == 1, 12, 2)
    rows = rng.integers(low, low + 20, (400, 3))
    examples = Examples(Ragged.of(rows.tolist()), classes)
    plan = replace(PLAN, validation_share=0, epochs=5)
    called = {}
    for name, weights in {"none": None, "balanced": [0.55, 5.0]}.items():
        given = None if weights is None else np.array(weights, np.float32)
        network, _ = train_bag(plan, examples=examples, class_weights=given)
        called[name] = predictions(network, examples).argmax(axis=1)
    recall = {name: (found[classes == 1] == 1).mean() for name, found in called.items()}
    assert recall["balanced"] > recall["none"] + 0.2


def test_lp_ft_starts_the_rows_with_a_trained_head(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[dict[str, torch.Tensor]] = []
    train_run = OptimizerRun.train

    def recorded(self: OptimizerRun, *arguments: Any, **options: Any) -> None:
        starts.append(weights_of(self.network))
        train_run(self, *arguments, **options)

    monkeypatch.setattr(OptimizerRun, "train", recorded)
    fresh = network_of(folder)
    before, untrained = weights_of(fresh), loss_on(fresh, examples_of(folder))
    run(folder, replace(ENCODER_PLAN, head_only_epochs=40), "lp-ft")
    _, start = starts  # of the head alone, and of all
    for name, tensor in start.items():
        assert torch.equal(tensor, before[name]) is name.startswith("rows."), name
    fresh.load_state_dict(start)
    assert loss_on(fresh, examples_of(folder)) < 0.95 * untrained


def test_progress_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    plan = replace(ENCODER_PLAN, progress_folder=tmp_path / "p", save_every=-1.0)
    run(folder, plan)
    with pytest.raises(ProgressError, match=r"its rows_rate is '0.0003', this run's is '0.001'"):
        run(folder, replace(plan, rows_rate=1e-3))
    with pytest.raises(ProgressError, match=r"its regime is 'full', this run's is 'frozen'"):
        run(folder, plan, "frozen")
    turned = replace(examples_of(folder), targets=1 - examples_of(folder).targets)
    with pytest.raises(ProgressError, match=r"its data is .*'ids'"):
        run(folder, plan, examples=turned)
    run(folder, replace(plan, rows_rate=1e-3, resume=False))


def test_regularizers_are_recorded_and_leave_plain_weights(folder: Path) -> None:
    names = set(network_of(folder).state_dict())
    plan = replace(ENCODER_PLAN, epochs=1, regularizers=parse_regularizers("layer_decay,lora"))
    network, record = run(folder, plan)
    assert record.regularizers == ("layer_decay:0.9", "lora:8")
    assert set(network.state_dict()) == names
