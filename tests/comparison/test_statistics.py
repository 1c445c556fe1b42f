"""Intervals, differences and recommendations on data where the truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_arms import FakeArm, data_of, fake_comparison, right, texts_of
from sklearn.metrics import f1_score

from wordgraft.comparison import Data, Limits, Statistics, recommend
from wordgraft.comparison.recommendation import costs
from wordgraft.comparison.scoring import JUDGES


def test_macro_f1_of_sums_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    names = ["a", "b", "c", "d"]
    judge = JUDGES["classify"](names)
    true, said = (rng.choice(names[: 3 + i], 50).tolist() for i in range(2))
    counts = judge.counts(judge.coded(true), judge.coded(said))
    expected = f1_score(true, said, average="macro")
    assert judge.score(counts.sum(axis=0)) == pytest.approx(expected, abs=1e-6)
    weights = rng.integers(0, 3, 50)
    many = [np.repeat(each, weights) for each in (true, said)]
    expected = f1_score(*many, average="macro")
    assert judge.score(weights @ counts) == pytest.approx(expected, abs=1e-6)


def test_entity_f1_of_sums_is_that_of_tag_scores() -> None:
    from wordgraft.metrics.entities import TagScores

    rng = np.random.default_rng(0)
    tags = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    judge = JUDGES["tag"]
    raw = [[list(rng.choice(tags, 9)) for _ in range(40)] for _ in range(2)]
    true, said = (judge.checked([["w"] * 9] * 40, each, "any")[1] for each in raw)
    found = judge([*true, *said])
    sums = found.counts(found.coded(true), found.coded(said)).sum(axis=0)
    scores = TagScores.of(true, said)
    assert found.score(sums) == pytest.approx(scores.f1)
    by_kind = {kind: f1 for kind, _, _, f1, _ in found.by_label(sums)}
    assert by_kind == pytest.approx({kind: each.f1 for kind, each in scores.kinds.items()})
    chance = found.guesses(found.coded(true), found.coded(true), rng, 50)
    assert 0 < chance.mean() < 0.4
    assert found.written(found.coded([["B-PER", "I-PER", "O"]])[0], ["A", "B", "c"]) == "PER: A B"


def test_intervals_hold_the_truth_as_often_as_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = 0
    for trial in range(20):
        data = Data.of(*texts_of(120, seed=2 * trial), texts_of(250, seed=2 * trial + 1))
        arms = {"good": FakeArm(right(0.8))}
        found = fake_comparison(tmp_path / str(trial), monkeypatch, arms, data, sizes=[50])
        mean = Statistics(found, "test", draws=500).mean("good", 50)
        inside += mean.low <= 0.8 <= mean.high
        assert mean.seeds == 3
        assert 0.02 < mean.high - mean.low < 0.2
    assert inside >= 16


def test_one_arm_must_win_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arms = {"poor": FakeArm(right(0.55)), "good": FakeArm(right(0.95)), "bad": FakeArm(right(0.5))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms)
    choice = recommend(found)
    assert choice.arm == "good"
    assert choice.headline == "Take good with 80 labels."
    assert any("It is ahead of poor by 0." in reason for reason in choice.reasons)
    pairs = {(e.first, e.second): e for e in Statistics(found, "test").differences(80)}
    assert pairs["good", "poor"].found
    assert pairs["good", "poor"].low > 0.2


def test_arms_of_one_quality_are_not_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false_alarms = 0
    for trial in range(8):
        arms = {name: FakeArm(right(0.8)) for name in ("a", "b", "c")}
        for place, arm in enumerate(arms.values()):
            arm.offset = 100 * (place + 1)
        data = Data.of(*texts_of(240, seed=2 * trial), texts_of(200, seed=2 * trial + 1))
        found = fake_comparison(tmp_path / str(trial), monkeypatch, arms, data, sizes=[80])
        pairs = Statistics(found, "test").differences(80)
        assert len(pairs) == 3
        false_alarms += any(each.found for each in pairs)
        if trial == 0:
            assert "no difference was found to" in recommend(found).headline
    assert false_alarms <= 2


def test_shuffled_labels_say_that_nothing_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Data.of(*texts_of(240, shuffled=True), texts_of(200, seed=1, shuffled=True))
    arms = {"a": FakeArm(right(0.9)), "b": FakeArm(right(0.6))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms, data)
    choice = recommend(found)
    assert choice.arm is None
    assert choice.headline == ("Nothing works: with 80 labels no arm does better than guessing.")
    assert min(Statistics(found, "choice").above_chance(80).values()) > 0.05


def test_the_test_part_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On the test part, labels are turned round, so that the better arm looks the worse.
    turned = {"calm": "rain", "rain": "sun", "sun": "calm"}
    texts, labels = texts_of(200, seed=1)
    data = Data.of(*texts_of(240), (texts, [turned[label] for label in labels]))
    arms = {"good": FakeArm(right(0.95)), "poor": FakeArm(right(0.5))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms, data)
    test = Statistics(found, "test")
    assert test.mean("poor", 80).value > test.mean("good", 80).value + 0.1
    assert recommend(found).arm == "good"


def test_limits_change_the_choice_and_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = {"large": FakeArm(right(0.95), parameters=50_000), "small": FakeArm(right(0.8))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms)
    assert costs(Statistics(found, "choice"), "large", 80).size_mb == 50
    assert recommend(found).arm == "large"
    choice = recommend(found, limits=Limits(size_mb=10))
    assert choice.arm == "small"
    assert any(
        change.startswith("without the limits, large: 0.9")
        and change.endswith("50 MB on disk (limit 10)")
        for change in choice.changes
    )
    none = recommend(found, limits=Limits(size_mb=1e-6, minutes=10))
    assert none.arm is None
    assert none.headline == "No arm keeps the limits and does better than guessing."


def test_the_number_of_labels_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arms = {
        "early": FakeArm(right(0.8)),
        "late": FakeArm(lambda n: 0.95 if n >= 80 else 0.4),
    }
    found = fake_comparison(tmp_path / "r", monkeypatch, arms)
    assert recommend(found).arm == "late"
    few = recommend(found, labels=25)
    assert (few.arm, few.size) == ("early", 20)
    assert any("with 80 labels, late leads with 0.9" in change for change in few.changes)


def test_label_efficiency_is_read_off_the_random_starts_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = {"random": FakeArm(lambda n: {20: 0.4, 80: 0.8}[n]), "good": FakeArm(right(0.6))}
    arms["best"] = FakeArm(right(0.99))
    found = fake_comparison(tmp_path / "r", monkeypatch, arms, data_of(240, 2_000))
    each = {(e.arm, e.size): e for e in Statistics(found, "test", draws=10).efficiency()}
    # Half way between 0.4 and 0.8, and so half way between 20 and 80 on a logarithm: 40.
    assert each["good", 20].labels == pytest.approx(40, abs=4)
    assert each["best", 80].labels is None
    assert each["best", 80].most == 80


def test_training_speed_counts_the_steps_to_the_random_starts_best_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = {"random": FakeArm(right(0.5)), "good": FakeArm(right(0.9)), "none": FakeArm(right(0.9))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms, seeds=1)
    loops = {
        "random": {"validation_losses": [1.0, 0.8, 0.7, 0.75], "seconds": 8.0},
        "good": {"validation_losses": [0.9, 0.65], "seconds": 6.0},
        "none": {"validation_losses": [0.9, 0.75], "seconds": 6.0},
    }
    rest = {"texts": 70, "batch_size": 32, "validation_texts": 10}
    runs = [replace(run, training={**rest, **loops[run.arm]}) for run in found.runs]
    speeds = Statistics(replace(found, runs=tuple(runs)), "test").training_speed(80)
    by_arm = {each.arm: (each.steps, each.seconds, each.reached) for each in speeds}
    assert by_arm == {"random": (9, 6.0, 1), "good": (6, 6.0, 1), "none": (None, None, 0)}


def test_one_seed_says_that_it_may_be_luck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fake_comparison(tmp_path / "r", monkeypatch, {"a": FakeArm(right(0.9))}, seeds=1)
    assert "With fewer than three seeds this may be luck: run more." in recommend(found).reasons
    mean = Statistics(found, "test").mean("a", 80)
    assert mean.low < mean.value < mean.high


def test_arms_without_a_seed_in_common_are_not_set_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ctrl-C may leave them."""
    arms = {"good": FakeArm(right(0.95)), "poor": FakeArm(right(0.5))}
    found = fake_comparison(tmp_path / "r", monkeypatch, arms, sizes=[80], seeds=2)
    halves = [run for run in found.runs if (run.arm == "good") == (run.seed == 0)]
    said = recommend(replace(found, runs=tuple(halves)))
    assert said.arm == "good"
    assert "No run of it and one of poor have the same texts yet" in str(said)
