"""A run: on which texts it trains, and what is recorded when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_methods import FakeMethod, data_of, fake_comparison, right, two_methods

from wordgraft.comparison.measured_run import RunRequest, attempted, measured
from wordgraft.comparison.records import Cell
from wordgraft.comparison.splits import split


def test_methods_under_one_seed_train_on_the_same_texts_and_never_on_validation_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods, data = two_methods(), data_of()
    fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    assert set(methods["good"].seen) == set(methods["poor"].seen)
    for (_, seed), texts in zip(methods["good"].fits, methods["good"].seen, strict=True):
        validation = {data.texts[i] for i in split(data.strata, seed).validation}
        assert not validation & texts
        assert not set(data.test_texts) & texts


def test_scores_are_those_of_the_predictions() -> None:
    data = data_of()
    run = measured(FakeMethod(right(0.7)), data, RunRequest(Cell("m", 40, 1), 2, 3.5))
    names = data.scorer.names
    validation = split(data.strata, 1).validation
    truth = {"validation": [data.labels[i] for i in validation], "test": data.test_labels}
    for part, labels in truth.items():
        predicted = [names[place] for place in run.predictions[part]]
        correct = sum(a == b for a, b in zip(predicted, labels, strict=True))
        assert run.scores[part]["accuracy"] == pytest.approx(correct / len(labels), abs=1e-6)
    assert (run.trials, run.preparation_seconds, run.status) == (2, 3.5, "done")
    assert run.total_seconds >= run.seconds


def test_a_fault_of_the_method_is_recorded_and_others_are_raised() -> None:
    data, request = data_of(), RunRequest(Cell("m", 40, 0), 1)
    run = attempted(FakeMethod(right(1), fault=MemoryError("full")), data, request)
    assert (run.status, run.error) == ("failed", "MemoryError: full")
    with pytest.raises(TypeError, match="a mistake"):
        attempted(FakeMethod(right(1), fault=TypeError("a mistake")), data, request)
