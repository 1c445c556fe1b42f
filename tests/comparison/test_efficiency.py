"""What a start is worth in labels and in steps of training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_methods import FakeMethod, data_of, fake_comparison, right

from wordgraft.comparison import Statistics
from wordgraft.comparison.efficiency import label_efficiency, training_speed


def test_label_efficiency_is_read_off_the_random_starts_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {
        "random": FakeMethod(lambda n: {20: 0.4, 80: 0.8}[n]),
        "good": FakeMethod(right(0.6)),
    }
    methods["best"] = FakeMethod(right(0.99))
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, data_of(240, 2_000))
    rows = {
        (row.method, row.size): row
        for row in label_efficiency(Statistics(comparison, "test", draws=10))
    }
    # Halfway between 0.4 and 0.8, so halfway between 20 and 80 on a logarithmic scale: 40.
    assert rows["good", 20].labels == pytest.approx(40, abs=4)
    assert rows["best", 80].labels is None
    assert rows["best", 80].most == 80


def test_training_speed_counts_the_steps_to_the_random_starts_best_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {
        "random": FakeMethod(right(0.5)),
        "good": FakeMethod(right(0.9)),
        "none": FakeMethod(right(0.9)),
    }
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, seeds=1)
    loops = {
        "random": {"validation_losses": [1.0, 0.8, 0.7, 0.75], "seconds": 8.0},
        "good": {"validation_losses": [0.9, 0.65], "seconds": 6.0},
        "none": {"validation_losses": [0.9, 0.75], "seconds": 6.0},
    }
    rest = {"texts": 70, "batch_size": 32, "validation_texts": 10}
    runs = [replace(run, training={**rest, **loops[run.method]}) for run in comparison.runs]
    speeds = training_speed(Statistics(replace(comparison, runs=tuple(runs)), "test"), 80)
    by_method = {row.method: (row.steps, row.seconds, row.reached) for row in speeds}
    assert by_method == {"random": (9, 6.0, 1), "good": (6, 6.0, 1), "none": (None, None, 0)}
