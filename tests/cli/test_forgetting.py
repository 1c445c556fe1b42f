"""`wordgraft forgetting`: measures, the files of the report, and the interpolated model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run
from tiny import SENTENCES

import wordgraft as wg

PAIRS = "bank\tmoney\t9\nriver\tboat\t8\ntea\tstation\t1\nstorm\tbread\t2\n"


@pytest.fixture(scope="module")
def folder(
    tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with texts, word pairs and a fine-tuned model."""
    folder = tmp_path_factory.mktemp("forgetting")
    label_of = {True: "money", False: "other"}
    rows = [f'"{text}",{label_of["bank" in text or "market" in text]}' for text in SENTENCES]
    (folder / "texts.csv").write_text("\n".join(["text,label", *rows]) + "\n", "utf-8")
    (folder / "pairs.tsv").write_text(PAIRS, "utf-8")
    encoder = tiny_checkpoint("roberta")
    options = ["--encoder", encoder, "--epochs", "2", "--device", "cpu"]
    done = run("train", "texts.csv", "-o", "my.model", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_report_is_printed_and_written(folder: Path, tmp_path: Path) -> None:
    done = run(
        *("forgetting", "my.model", "texts.csv", "--pairs", "pairs.tsv"),
        *("--general-text", "texts.csv:text", "--probe", "texts.csv:text:label"),
        *("--at-most", "0.5", "-o", tmp_path / "safe.model", "--report", tmp_path / "report"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"similarity pairs\.tsv +spearman", done.stdout)
    assert re.search(r"masked words of general texts +loss", done.stdout)
    assert re.search(r"probe texts\.csv +accuracy", done.stdout)
    report = json.loads((tmp_path / "report" / "forgetting.json").read_text("utf-8"))
    assert report["verdict"] in done.stdout
    assert report["curve"][0]["forgotten"] == pytest.approx(0, abs=1e-6)
    assert "vega" in (tmp_path / "report" / "forgetting.html").read_text("utf-8")
    (weight,) = re.findall(r"with a weight of (\S+) for the fine-tuned encoder", done.stdout)
    saved, trained = (
        wg.TextClassifier.load(path) for path in (tmp_path / "safe.model", folder / "my.model")
    )
    expected = wg.interpolate(trained, float(weight)).predict_proba(SENTENCES[:4])
    assert saved.predict_proba(SENTENCES[:4]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at-most", "0.1"], "--at-most and --output need each other"),
        (["--probe", "films.csv"], "'films.csv' is not FILE:TEXT:LABEL"),
    ],
)
def test_wrong_usage(folder: Path, options: list[str], message: str) -> None:
    done = run("forgetting", "my.model", "texts.csv", *options, cwd=folder)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
