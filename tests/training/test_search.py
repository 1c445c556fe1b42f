"""The search of settings: repeatable, resumable, and better than where it began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from learning import PLAN, examples_of, network_of

from wordgraft.errors import ProgressError, TrainingError
from wordgraft.networks.network import Network
from wordgraft.training import search as search_module
from wordgraft.training.examples import Examples
from wordgraft.training.regimes import REGIMES
from wordgraft.training.regularizers import LayerDecay, parse_regularizers
from wordgraft.training.search import BestPlan, search_plan

Tiny = Callable[[str], Path]
SHORT = replace(PLAN, epochs=1, regularizers=parse_regularizers("layer_decay"))


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def search(folder: Path, trials: int, keep: Path | None = None, plan=SHORT, **options) -> BestPlan:  # type: ignore[no-untyped-def]
    return search_plan(
        network_of(folder),
        examples_of(folder),
        plan,
        regime=REGIMES["full"],
        trials=trials,
        progress_file=keep,
        **options,
    )


def test_the_best_trial_is_taken_and_the_first_is_the_plan(folder: Path) -> None:
    seen: list[int] = []

    def score(_: Network, texts: Examples) -> float:
        seen.append(len(texts))
        return [0.3, 0.9, 0.1][len(seen) - 1]

    found = search(folder, 3, score=score)
    assert found.scores == (0.3, 0.9, 0.1)
    assert found.score == 0.9
    assert seen == [8, 8, 8]  # a fifth of 40, each time the same
    assert found.plan.head_rate != SHORT.head_rate
    (decay,) = found.plan.regularizers
    assert isinstance(decay, LayerDecay)
    assert 0.7 <= decay.rate <= 1
    only = search(folder, 1)
    assert only.plan == SHORT


def test_a_search_repeats_and_goes_on_where_it_was_stopped(folder: Path, tmp_path: Path) -> None:
    calm = search(folder, 4)
    keep = tmp_path / "trials.jsonl"
    first = search(folder, 2, keep)
    assert first.scores == pytest.approx(calm.scores[:2], abs=1e-6)
    resumed = search(folder, 4, keep)
    assert len(resumed.scores) == 4
    assert resumed.scores[:2] == first.scores
    again = search(folder, 4, keep)  # nothing is left to be tried
    assert again == resumed
    with pytest.raises(ProgressError, match="progress of another run: its epochs is '1'"):
        search(folder, 4, keep, replace(SHORT, epochs=2))


def test_trials_that_fail_are_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TrainingError("no number")

    monkeypatch.setattr(search_module, "train", fail)
    with pytest.raises(TrainingError, match="all 2 trials failed"):
        search(folder, 2)
