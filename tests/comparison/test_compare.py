"""`compare`: each run once, resumed without repetition; and real methods on real words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_methods import data_of, fake_comparison, texts_of, two_methods

import wordgraft as wg
from wordgraft.comparison import Data, MethodRun, MethodSettings, compare
from wordgraft.errors import DataError, TrainingError


def test_every_run_is_made_once_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods, data = two_methods(), data_of()
    comparison = fake_comparison(tmp_path / "r", monkeypatch, methods, data)
    cells = [(size, seed) for size in (20, 80) for seed in range(3)]
    assert sorted(methods["good"].fits) == sorted(methods["poor"].fits) == cells
    assert len(comparison.runs) == len(list((tmp_path / "r" / "runs").glob("*.json"))) == 12
    run = comparison.runs[0]
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


def test_twenty_texts_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Data.of(*texts_of(20))
    comparison = fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data, sizes=4)
    assert comparison.sizes == (11,)  # of 20: 4 test, and 5 validate under one of the seeds
    assert len(comparison.runs) == 6


def test_methods_that_cannot_run(tmp_path: Path) -> None:
    data = data_of()
    with pytest.raises(
        TrainingError, match="there is no method magic; expected one of tfidf, random"
    ):
        compare(data, output=tmp_path / "r", methods=["magic"])
    with pytest.raises(TrainingError, match=r"'isolated' cannot run: it needs checkpoint=\.\.\."):
        compare(data, output=tmp_path / "r", methods=["isolated"])
    with pytest.raises(DataError, match="training sizes 5,000 are too large"):
        compare(data, output=tmp_path / "r", methods=["tfidf"], sizes=[5000])
    assert not (tmp_path / "r").exists()


def test_real_methods_learn_and_save_their_tables(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_of(120, 60)
    encoder = str(tiny_checkpoint("bert"))
    names = ["tfidf", "random", "lookup", "composed", "isolated", "contextual", "features"]
    comparison = compare(
        data, output=tmp_path / "r", checkpoint=encoder, methods=names, seeds=1, sizes=["all"]
    )
    assert comparison.methods == tuple(names)
    scores = {run.method: run.scores["test"]["macro-F1"] for run in comparison.runs}
    features = scores.pop("features")
    assert features > 0.3  # a random encoder's mean of few texts says little
    assert scores["tfidf"] > 0.95  # every text says its label
    assert all(score > 0.6 for score in scores.values()), scores
    tables = sorted(path.name for path in (tmp_path / "r" / "tables").iterdir())
    names_of_tables = [f"{n}.table" for n in ("composed", "contextual", "isolated", "lookup")]
    assert tables == sorted([*names_of_tables, "features"])
    run = {run.method: run for run in comparison.runs}["composed"]
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


def test_vectors_of_a_file_are_a_method(tmp_path: Path) -> None:
    data = data_of(120, 60)
    words = {word for text in data.texts for word in text.replace("-", " - ").split()}
    rng = np.random.default_rng(0)
    lines = [
        f"{word} {' '.join(f'{x:.3f}' for x in rng.normal(size=32))}" for word in sorted(words)
    ]
    (tmp_path / "v.txt").write_text("\n".join(lines) + "\n")
    comparison = compare(
        data,
        output=tmp_path / "r",
        methods=MethodSettings(names=["random", "vectors"], vectors=tmp_path / "v.txt"),
        seeds=1,
        sizes=["all"],
    )
    assert {run.method for run in comparison.runs} == {"random", "vectors"}
    assert comparison.runs[1].scores["test"]["macro-F1"] > 0.6


def test_more_trials_change_the_settings(tmp_path: Path) -> None:
    data = data_of(120, 60)
    settings = MethodSettings(names=["tfidf"], trials=3)
    comparison = compare(data, output=tmp_path / "r", methods=settings, seeds=2)
    assert all(run.trials == 3 for run in comparison.runs)
    assert {run.settings["C"] for run in comparison.runs} <= {1.0, 10.0, 100.0}


@pytest.mark.slow
def test_fine_tuned_encoders_record_what_they_forgot(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_of(90, 40)
    (tmp_path / "pairs.tsv").write_text("rain\tsun\t1\nriver\tbank\t5\nfilm\tmusic\t3\n")
    comparison = compare(
        data,
        output=tmp_path / "r",
        checkpoint=str(tiny_checkpoint("bert")),
        methods=MethodSettings(names=["full", "lp-ft"], pairs=[tmp_path / "pairs.tsv"]),
        seeds=1,
        sizes=["all"],
    )
    assert comparison.unfinished == ()
    assert [run.method for run in comparison.runs] == ["full", "lp-ft"]
    for run in comparison.runs:
        assert run.training is not None
        assert run.training["regime"] == run.method
        assert run.scores["test"]["macro-F1"] > 0.5
        ((name, change),) = [
            pair for pair in run.training["forgetting"].items() if "pairs" in pair[0]
        ]
        assert abs(change) <= 2, name
        assert run.size_bytes > 4 * run.parameters * 0.9


def test_texts_and_labels_without_a_data(tmp_path: Path) -> None:
    texts, labels = texts_of(60)
    result = wg.compare(texts, labels, output=tmp_path / "r", methods=["tfidf"], seeds=1, sizes=1)
    assert len(result.data.test_texts) == 12
    assert [run.scores["test"]["macro-F1"] for run in result.runs] == [1.0]
    with pytest.raises(DataError, match="the texts have no labels; give texts and labels"):
        wg.compare(texts, output=tmp_path / "s")
    with pytest.raises(DataError, match="labels were given with a Data"):
        wg.compare(result.data, labels, output=tmp_path / "s")
