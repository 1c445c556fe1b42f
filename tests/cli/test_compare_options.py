"""Options of `wordgraft compare` become Python values, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from wordgraft.cli.compare_options import (
    CHECKPOINT,
    absolute,
    checkpoint_of,
    runner_of,
    seconds_of,
    sizes_of,
)
from wordgraft.comparison import LocalRunner, ProcessRunner


def test_times_are_seconds() -> None:
    assert [seconds_of(text) for text in ("90s", "10m", "2h")] == [90, 600, 7200]
    assert seconds_of(None) is None
    with pytest.raises(typer.BadParameter, match="'10' is not a time limit"):
        seconds_of("10")


def test_sizes_are_numbers_or_all() -> None:
    assert sizes_of("100, all") == ["100", "all"]
    with pytest.raises(typer.BadParameter, match="'few' is neither a number of texts nor 'all'"):
        sizes_of("few")


def test_an_encoder_is_used_only_by_methods_that_need_one() -> None:
    assert checkpoint_of(None, ["tfidf"]) is None
    assert checkpoint_of(None, ["tfidf", "isolated"]) == CHECKPOINT
    assert checkpoint_of("bert", ["tfidf"]) == "bert"


def test_runs_are_made_side_by_side_unless_there_is_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wordgraft.comparison.fitting_jobs", lambda: 3)
    assert runner_of("local", None, None) == ProcessRunner(3)
    assert runner_of("local", None, 2) == ProcessRunner(2)
    assert runner_of("local", None, 1) == LocalRunner()


def test_a_runner_refuses_options_without_effect() -> None:
    with pytest.raises(typer.BadParameter, match="--jobs has no effect with --engine ray"):
        runner_of("ray", None, 2)
    with pytest.raises(typer.BadParameter, match="--address has no effect without --engine ray"):
        runner_of("local", "auto", None)


def test_paths_become_absolute_and_globs_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").touch()
    assert absolute("a.csv") == str(tmp_path / "a.csv")
    assert absolute("news/*.txt") == "news/*.txt"
