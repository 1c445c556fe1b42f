"""The loop: records, resuming, budgets, faults, Ctrl-C; and real methods on real words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_methods import FakeMethod, data_of, fake_comparison, right, texts_of

from wordgraft.comparison import Data, MethodRun, compare
from wordgraft.comparison.record_folder import RecordFolder
from wordgraft.comparison.splits import split
from wordgraft.errors import DataError, OutputError, ProgressError, TrainingError


def two_methods(**options: Any) -> dict[str, FakeMethod]:
    return {"good": FakeMethod(right(0.9), **options), "poor": FakeMethod(right(0.5))}


def test_every_run_is_made_once_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods, data = two_methods(), data_of()
    found = fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    cells = [(size, seed) for size in (20, 80) for seed in range(3)]
    assert sorted(methods["good"].fits) == sorted(methods["poor"].fits) == cells
    assert len(found.runs) == len(list((tmp_path / "r" / "runs").glob("*.json"))) == 12
    run = found.runs[0]
    assert run == MethodRun.from_dict(json.loads((tmp_path / "r/runs/good-20-0.json").read_text()))
    share = np.mean(
        [
            data.scorer.names[p] == t
            for p, t in zip(run.predictions["test"], data.test_labels, strict=True)
        ]
    )
    assert run.scores["test"]["accuracy"] == pytest.approx(share, abs=1e-6)
    assert 0.8 < run.scores["test"]["macro-F1"] < 1
    assert run.size_bytes == 1_000
    assert run.data_sha256 == data.sha256
    assert run.versions["wordgraft"]
    assert run.latency_ms > 0


def test_methods_of_a_seed_see_the_same_texts_and_none_that_chooses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods, data = two_methods(), data_of()
    fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    assert set(methods["good"].seen) == set(methods["poor"].seen)
    for (_, seed), texts in zip(methods["good"].fits, methods["good"].seen, strict=True):
        held = {data.texts[i] for i in split(data.strata, seed).validation}
        assert not held & texts
        assert not set(data.test_texts) & texts


def test_resuming_repeats_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = two_methods()
    before = fake_comparison(tmp_path / "r", monkeypatch, methods)
    removed = [tmp_path / "r" / "runs" / f"{name}.json" for name in ("good-80-1", "poor-20-2")]
    for file in removed:
        file.unlink()
    methods = two_methods()
    after = fake_comparison(tmp_path / "r", monkeypatch, methods, resume=True)
    assert methods["good"].fits == [(80, 1)]
    assert methods["poor"].fits == [(20, 2)]
    same = [(run.cell, run.scores, run.predictions) for run in before.runs]
    assert [(run.cell, run.scores, run.predictions) for run in after.runs] == same


def test_a_half_written_record_is_no_finished_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    runs = tmp_path / "r" / "runs"
    (runs / "good-80-1.json").rename(runs / ".good-80-1.json.x1")
    methods = two_methods()
    fake_comparison(tmp_path / "r", monkeypatch, methods, resume=True)
    assert methods["good"].fits == [(80, 1)]
    (runs / "good-80-1.json").write_text('{"method": "good", ')
    with pytest.raises(ProgressError, match=r"good-80-1.json is damaged .*; delete it and resume"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), resume=True)


def test_a_folder_of_other_data_or_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    with pytest.raises(OutputError, match="already holds a comparison on these data"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    with pytest.raises(ProgressError, match=r"comparison on other data \(sha256 "):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data_of(241), resume=True)
    with pytest.raises(ProgressError, match="its trials is 1, this run's is 2"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), resume=True, trials=2)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(OutputError, match="exists and holds no comparison"):
        fake_comparison(tmp_path / "home", monkeypatch, two_methods(), force=True)
    fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data_of(241), force=True)


def test_a_failing_method_is_kept_apart_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {**two_methods(), "broken": FakeMethod(right(1), fault=RuntimeError("no memory"))}
    found = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert found.methods == ("good", "poor")
    assert len(methods["broken"].fits) == 2
    assert {run.status for run in found.unfinished} == {"failed"}
    assert found.unfinished[0].error == "RuntimeError: no memory"
    assert any("2 runs of broken failed" in note for note in found.notes)
    with pytest.raises(TrainingError, match=r"no run was finished: b failed with RuntimeError: no"):
        fake_comparison(tmp_path / "s", monkeypatch, {"b": methods["broken"]})


def test_a_budget_ends_in_time_and_a_longer_run_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    methods = {"quick": FakeMethod(right(0.9)), "endless": FakeMethod(right(0.9), seconds=60)}
    began = time.monotonic()
    found = fake_comparison(tmp_path / "r", monkeypatch, methods, budget=2.0)
    assert time.monotonic() - began < 6
    assert found.methods == ("quick",)
    assert [(run.method, run.status) for run in found.unfinished] == [("endless", "cancelled")]
    assert any("the budget, 2 s for runs, left out" in note for note in found.notes)
    again = {"quick": FakeMethod(right(0.9)), "endless": FakeMethod(right(0.9))}
    done = fake_comparison(tmp_path / "r", monkeypatch, again, resume=True)
    assert done.unfinished == ()
    assert done.missing == 0


def test_a_budget_too_small_for_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"endless": FakeMethod(right(0.9), seconds=60)}
    with pytest.raises(
        TrainingError, match=r"no run was finished; the budget, 1 s for runs, left out 6 of 6"
    ):
        fake_comparison(tmp_path / "r", monkeypatch, methods, budget=1.0)


def test_ctrl_c_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"good": FakeMethod(right(0.9)), "stopped": FakeMethod(right(1))}
    methods["stopped"].fault = KeyboardInterrupt()
    found = fake_comparison(tmp_path / "r", monkeypatch, methods)
    assert found.interrupted
    assert [run.method for run in found.runs] == ["good"]
    assert [(run.method, run.status) for run in found.unfinished] == [("stopped", "cancelled")]
    assert "interrupted: 11 of 12 runs are missing; continue with --resume" in found.notes[-1]


def test_twenty_texts_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Data.of(*texts_of(20))
    found = fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data, sizes=4)
    assert found.sizes == (11,)  # of 20: 4 test, and 5 validate under one of the seeds
    assert len(found.runs) == 6


def test_methods_that_cannot_run(tmp_path: Path) -> None:
    data = data_of()
    with pytest.raises(
        TrainingError, match="there is no method magic; expected one of tfidf, random"
    ):
        compare(data, output=tmp_path / "r", methods=["magic"])
    with pytest.raises(TrainingError, match="'isolated' cannot run: it needs --checkpoint"):
        compare(data, output=tmp_path / "r", methods=["isolated"])
    with pytest.raises(DataError, match="training sizes 5,000 are too large"):
        compare(data, output=tmp_path / "r", methods=["tfidf"], sizes=[5000])
    assert not (tmp_path / "r").exists()


def test_a_folder_that_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProgressError, match="holds no comparison"):
        RecordFolder(tmp_path).description()


def test_real_methods_learn_and_keep_their_tables(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_of(120, 60)
    encoder = str(tiny_checkpoint("bert"))
    names = ["tfidf", "random", "lookup", "composed", "isolated", "contextual", "features"]
    found = compare(
        data, output=tmp_path / "r", checkpoint=encoder, methods=names, seeds=1, sizes=["all"]
    )
    assert found.methods == tuple(names)
    scores = {run.method: run.scores["test"]["macro-F1"] for run in found.runs}
    features = scores.pop("features")
    assert features > 0.3  # a random encoder's mean of few texts says little
    assert scores["tfidf"] > 0.95  # every text says its label
    assert all(score > 0.6 for score in scores.values()), scores
    tables = sorted(path.name for path in (tmp_path / "r" / "tables").iterdir())
    names_of_tables = [f"{n}.table" for n in ("composed", "contextual", "isolated", "lookup")]
    assert tables == sorted([*names_of_tables, "features"])
    run = {run.method: run for run in found.runs}["composed"]
    assert run.training is not None
    assert run.training["epochs"] == len(run.training["losses"])
    assert run.preparation_seconds > 0
    assert run.size_bytes > run.parameters
    (tmp_path / "r" / "runs" / f"{run.cell.name}.json").unlink()
    after = compare(
        data,
        output=tmp_path / "r",
        checkpoint=encoder,
        methods=names,
        seeds=1,
        sizes=["all"],
        resume=True,
    )
    same = {run.method: run for run in after.runs}["composed"]
    assert same.predictions == run.predictions
    assert same.preparation_seconds == pytest.approx(run.preparation_seconds, abs=1e-3)
    assert after.preparation_seconds["composed"] == same.preparation_seconds


def test_vectors_of_a_file_are_an_method(tmp_path: Path) -> None:
    data = data_of(120, 60)
    words = {word for text in data.texts for word in text.replace("-", " - ").split()}
    rng = np.random.default_rng(0)
    lines = [
        f"{word} {' '.join(f'{x:.3f}' for x in rng.normal(size=32))}" for word in sorted(words)
    ]
    (tmp_path / "v.txt").write_text("\n".join(lines) + "\n")
    found = compare(
        data,
        output=tmp_path / "r",
        vectors=tmp_path / "v.txt",
        methods=["random", "vectors"],
        seeds=1,
        sizes=["all"],
    )
    assert {run.method for run in found.runs} == {"random", "vectors"}
    assert found.runs[1].scores["test"]["macro-F1"] > 0.6


def test_more_trials_change_the_settings(tmp_path: Path) -> None:
    data = data_of(120, 60)
    found = compare(data, output=tmp_path / "r", methods=["tfidf"], seeds=2, trials=3)
    assert all(run.trials == 3 for run in found.runs)
    assert {run.settings["C"] for run in found.runs} <= {1.0, 10.0, 100.0}


@pytest.mark.slow
def test_fine_tuned_encoders_are_methods_and_say_what_they_forgot(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_of(90, 40)
    (tmp_path / "pairs.tsv").write_text("rain\tsun\t1\nriver\tbank\t5\nfilm\tmusic\t3\n")
    found = compare(
        data,
        output=tmp_path / "r",
        checkpoint=str(tiny_checkpoint("bert")),
        pairs=[tmp_path / "pairs.tsv"],
        methods=["full", "lp-ft"],
        seeds=1,
        sizes=["all"],
    )
    assert found.unfinished == ()
    assert [run.method for run in found.runs] == ["full", "lp-ft"]
    for run in found.runs:
        assert run.training is not None
        assert run.training["regime"] == run.method
        assert run.scores["test"]["macro-F1"] > 0.5
        ((name, change),) = [
            pair for pair in run.training["forgetting"].items() if "pairs" in pair[0]
        ]
        assert abs(change) <= 2, name
        assert run.size_bytes > 4 * run.parameters * 0.9
