"""What a comparison says of its runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_methods import fake_comparison, two_methods


def test_missing_runs_methods_and_sizes_follow_from_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = fake_comparison(tmp_path / "r", monkeypatch, two_methods(), seeds=2)
    assert (comparison.missing, comparison.sizes) == (0, (20, 80))
    runs = tuple(
        replace(run, preparation_seconds=2.0) for run in comparison.runs if run.method == "poor"
    )
    part = replace(comparison, runs=runs[:3])
    assert part.missing == 5
    assert part.methods == ("poor",)
    assert part.preparation_seconds == {"poor": 2.0}
