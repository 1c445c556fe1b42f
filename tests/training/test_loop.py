"""The loop on small noisy texts: when it stops, what it keeps, and what it may change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from noisy_texts import PLAN, TABLE, bag_on, noisy_texts
from numpy.testing import assert_allclose, assert_array_equal

from wordgraft.core.ragged import Ragged
from wordgraft.errors import TrainingError
from wordgraft.grafts import RowSubset
from wordgraft.grafts.torch import embedding, write_back
from wordgraft.networks import Network
from wordgraft.training import REGIMES, RunRecord
from wordgraft.training.examples import Examples
from wordgraft.training.loop import Plan, predictions, train


def run(
    plan: Plan = PLAN,
    regime: str = "embeddings",
    *,
    examples: Examples | None = None,
    class_weights: np.ndarray | None = None,
) -> tuple[Network, RunRecord]:
    rows = embedding(TABLE, trainable=REGIMES[regime].trainable_rows)
    network = bag_on(rows, seed=plan.seed, weights=class_weights)
    record = train(
        network,
        noisy_texts() if examples is None else examples,
        plan,
        regime=REGIMES[regime],
        names=("bag", "table"),
    )
    return network, record


def loss_on(network: Network, examples: Examples) -> float:
    found = predictions(network, examples)
    return float(-np.log(found[np.arange(len(examples)), examples.targets]).mean())


def test_it_stops_early_and_keeps_the_best_weights() -> None:
    plan = replace(PLAN, max_epochs=60)
    network, record = run(plan)
    losses = record.held_out_losses
    assert record.epochs < 60
    assert record.best_epoch == 1 + int(np.argmin(losses))
    assert record.epochs == record.best_epoch + plan.patience
    held_out = plan.split(noisy_texts())[1]
    assert loss_on(network, held_out) == pytest.approx(min(losses), abs=1e-5)
    assert loss_on(network, held_out) < losses[-1] - 1e-3


def test_nothing_held_out_trains_to_the_end_on_everything() -> None:
    _, record = run(replace(PLAN, held_out=0, max_epochs=5, patience=1))
    assert (record.epochs, record.best_epoch) == (5, 5)
    assert (record.texts, record.held_out) == (120, 0)
    assert record.held_out_losses == ()
    assert record.losses[-1] < record.losses[0]


def test_a_seed_repeats_a_run_to_the_bit_and_another_does_not() -> None:
    (one, first), (two, second) = run(), run()
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, two.state_dict()[name]), name
    assert first.losses == second.losses
    assert run(replace(PLAN, seed=1))[1].losses != first.losses


def test_frozen_leaves_the_rows_and_tuned_moves_those_that_occur() -> None:
    frozen, record = run(regime="frozen")
    assert_array_equal(frozen.rows.layer.weight.detach(), TABLE.rows())
    assert record.parameters == 8 * 16 + 16 + 16 * 2 + 2
    tuned, record = run()
    moved = np.any(tuned.rows.layer.weight.detach().numpy() != TABLE.rows(), axis=1)
    trained_on = np.unique(PLAN.split(noisy_texts())[0].ids.ids)
    assert_array_equal(np.flatnonzero(moved), trained_on)
    assert record.parameters == 8 * 16 + 16 + 16 * 2 + 2 + TABLE.vectors.size


def test_rows_and_head_learn_at_their_own_rates() -> None:
    network, _ = run(replace(PLAN, rows_rate=1e-12))
    assert_allclose(network.rows.layer.weight.detach(), TABLE.rows(), atol=1e-8)
    start = bag_on(network.rows.layer).head.linear.weight
    assert (network.head.linear.weight - start).abs().max() > 0.01


def test_compact_rows_learn_what_the_whole_table_learns() -> None:
    whole, _ = run()
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


def test_class_weights_bring_the_rare_class_back() -> None:
    """Nine in ten are of class 0, and words tell too little: unweighed, few are called 1."""
    rng = np.random.default_rng(0)
    classes = (rng.random(400) < 0.1).astype(np.int64)
    low = np.where(classes[:, None] == 1, 12, 2)
    rows = rng.integers(low, low + 20, (400, 3))
    examples = Examples(Ragged.of(rows.tolist()), classes)
    plan = replace(PLAN, held_out=0, max_epochs=5)
    called = {}
    for name, weights in {"none": None, "balanced": [0.55, 5.0]}.items():
        given = None if weights is None else np.array(weights, np.float32)
        network, _ = run(plan, examples=examples, class_weights=given)
        called[name] = predictions(network, examples).argmax(axis=1)
    recall = {name: (found[classes == 1] == 1).mean() for name, found in called.items()}
    assert recall["balanced"] > recall["none"] + 0.2


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    with pytest.raises(TrainingError, match="the training loss became"):
        run(replace(PLAN, head_rate=1e30, rows_rate=1e30))


@pytest.mark.parametrize(
    ("texts", "held_out"), [(50, 10), (100, 20), (200, 40), (400, 40), (1_000, 100)]
)
def test_auto_holds_out_a_tenth_but_forty_if_a_fifth_has_them(texts: int, held_out: int) -> None:
    examples = Examples(Ragged.of([[2]] * texts), np.arange(texts) % 2)
    rest, apart = replace(PLAN, held_out="auto").split(examples)
    assert (len(rest), len(apart)) == (texts - held_out, held_out)
    assert np.bincount(apart.targets).tolist() == [held_out // 2] * 2


def test_held_out_texts_are_of_every_class_but_the_rarest() -> None:
    classes = np.array([0] * 20 + [1] * 3 + [2] * 2)
    examples = Examples(Ragged.of([[place] for place in range(25)]), classes)
    rest, apart = examples.held_out(0.2, np.random.default_rng(0))
    assert np.bincount(apart.targets, minlength=3).tolist() == [4, 1, 0]
    assert sorted([*rest.ids.ids, *apart.ids.ids]) == list(range(25))


def test_batches_hold_every_text_once_with_its_class() -> None:
    examples = Examples(Ragged.of([[1], [], [2, 3], [4]]), np.array([0, 1, 2, 3]))
    batches = list(examples.batches(3))
    assert [batch.ids.ids.tolist() for batch in batches] == [[1, 2, 3], [4]]
    assert [batch.ids.lengths.tolist() for batch in batches] == [[1, 0, 2], [1]]
    assert [batch.targets.tolist() for batch in batches] == [[0, 1, 2], [3]]
    for by_length in (False, True):
        shuffled = list(examples.batches(1, np.random.default_rng(0), by_length=by_length))
        assert sorted(int(batch.targets[0]) for batch in shuffled) == [0, 1, 2, 3]
        for batch in shuffled:
            assert batch.ids.ids.tolist() == [[1], [], [2, 3], [4]][int(batch.targets[0])]


def test_batches_by_length_hold_little_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 60, 2000)
    rows = [[int(length)] * int(length) for length in lengths]
    examples = Examples(Ragged.of(rows), lengths)
    used = total = 0
    for batch in examples.batches(32, rng, by_length=True):
        used += len(batch.ids.ids)
        total += len(batch) * int(batch.ids.lengths.max())
    assert used / total > 0.95


def test_tags_and_extras_stay_with_their_words() -> None:
    ids = Ragged.of([[5, 6], [7], [8, 9, 10]])
    examples = Examples(
        ids, Ragged(ids.ids * 10, ids.offsets), {"twice": Ragged(ids.ids * 2, ids.offsets)}
    )
    for batch in examples.batches(2, np.random.default_rng(0), by_length=True):
        assert_array_equal(batch.flat_targets, batch.ids.ids * 10)
        assert_array_equal(batch.extras["twice"].ids, batch.ids.ids * 2)


def test_a_run_may_have_another_device_than_the_first_of_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from accelerate.state import AcceleratorState, PartialState

    run()  # whatever was first, accelerate has a state now
    states = [dict(kind._shared_state) for kind in (AcceleratorState, PartialState)]
    for state in states:
        state |= {"device": torch.device("cuda"), "_cpu": False}
    for kind, state in zip((AcceleratorState, PartialState), states, strict=True):
        monkeypatch.setattr(kind, "_shared_state", dict(state))
    network, record = run()
    assert record.epochs > 1
    assert {each.device.type for each in network.parameters()} == {"cpu"}
    assert [dict(kind._shared_state) for kind in (AcceleratorState, PartialState)] == states
    with pytest.raises(TrainingError, match="the training loss became"):
        run(replace(PLAN, head_rate=1e30, rows_rate=1e30))
    assert PartialState._shared_state["device"].type == "cuda"  # put back after errors too
