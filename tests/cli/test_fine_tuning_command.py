"""`wordgraft train --network encoder` as a user runs it, alone and in two processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tiny import SENTENCES
from typer.testing import CliRunner

import wordgraft as wg
from wordgraft.cli.app import app

Tiny = Callable[[str], Path]
PAIRS = "bank\tmoney\t9\nriver\tboat\t8\ntea\tstation\t1\nstorm\tbread\t2\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        f'"{text}",{"money" if "bank" in text or "market" in text else "other"}'
        for text in SENTENCES
    ]
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n", "utf-8")
    return path


def arguments(data: Path, folder: Path, output: Path, *more: str) -> list[str]:
    return [
        *("train", str(data), "--network", "encoder", "--checkpoint", str(folder)),
        *("-o", str(output), "--device", "cpu", *more),
    ]


def test_train_report_and_table(data: Path, tiny_checkpoint: Tiny, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS, "utf-8")
    output = tmp_path / "my.model"
    more = (
        *("--regime", "lp-ft", "--regularizer", "layer_decay", "--max-epochs", "2", "--tune", "2"),
        *("--report-forgetting", "--pairs", str(tmp_path / "pairs.tsv")),
        *("--general-text", f"{data}:text", "--probe", f"{data}:text:label"),
        *("--forget-at-most", "0.5"),
    )
    done = CliRunner().invoke(app, arguments(data, tiny_checkpoint("roberta"), output, *more))
    assert done.exit_code == 0, done.output
    assert re.search(r"similarity pairs\.tsv +spearman", done.output)
    assert re.search(r"masked words of general texts +loss", done.output)
    assert re.search(r"probe texts\.csv +accuracy", done.output)
    assert re.search(
        r"settings +head_rate \S+, rows_rate \S+, regularizer layer_decay:", done.output
    )
    assert re.search(r"saved +weight", done.output)
    report = json.loads((output / "forgetting.json").read_text("utf-8"))
    assert report["verdict"] in done.output
    assert "vega" in (output / "forgetting.html").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("my.model", "pairs.tsv", "texts.csv"),
    ]
    said = CliRunner().invoke(app, ["predict", str(output), "The bank lent money."])
    assert said.output.splitlines()[0] == "label\tmoney\tother\ttext"
    (tmp_path / "words.txt").write_text("bank\nriver\n", "utf-8")
    table = ["table", str(output), "--words", str(tmp_path / "words.txt")]
    made = CliRunner().invoke(app, [*table, "-o", str(tmp_path / "t.table")])
    assert made.exit_code == 0, made.output
    assert wg.EmbeddingTable.load(tmp_path / "t.table").recipe["layer"] == 3


def test_options_that_are_of_no_use_are_refused(
    data: Path, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    folder, output = tiny_checkpoint("bert"), tmp_path / "m"
    wrong = CliRunner().invoke(app, arguments(data, folder, output, "--general-text", str(data)))
    assert wrong.exit_code == 2
    assert "give it too" in wrong.output


def launched(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(
    data: Path, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    folder = tiny_checkpoint("bert")
    more = ("--max-epochs", "3", "--dropout", "0", "--class-weight", "none")
    one = launched(
        [sys.executable, "-m", "wordgraft", *arguments(data, folder, tmp_path / "one", *more)]
    )
    assert one.returncode == 0, one.stderr
    options = {"num_processes": 2, "num_machines": 1, "main_process_port": 0}
    options |= {"mixed_precision": "no", "dynamo_backend": "no"}
    launcher = ["-m", "accelerate.commands.launch", "--cpu"]
    launcher += [part for key, value in options.items() for part in (f"--{key}", str(value))]
    launcher += ["-m", "wordgraft"]
    two = launched([sys.executable, *launcher, *arguments(data, folder, tmp_path / "two", *more)])
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("macro") == one.stdout.count("macro")
    assert two.stdout.count("classes") == 1  # one process prints
    first, second = (wg.TextClassifier.load(tmp_path / name) for name in ("one", "two"))
    # Dropout inside the encoder draws other masks in two processes: near, and not the same.
    assert second.record_.losses == pytest.approx(first.record_.losses, rel=0.15)
    assert second.record_.losses[-1] < second.record_.losses[0]


@pytest.mark.slow
def test_killed_and_run_again_it_ends_the_same(
    data: Path, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    folder = tiny_checkpoint("bert")
    script = (
        "import sys, dataclasses\n"
        "from wordgraft.training import plan\n"
        "plan.Plan.__dataclass_fields__['keep_every'].default = -1.0\n"
        "plan.Plan.__init__.__defaults__ = tuple(\n"
        "    -1.0 if each == 60.0 else each for each in plan.Plan.__init__.__defaults__)\n"
        "from wordgraft.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script]
    calm = launched([*command, *arguments(data, folder, tmp_path / "calm", "--max-epochs", "12")])
    assert calm.returncode == 0, calm.stderr
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    own = arguments(data, folder, tmp_path / "killed", "--max-epochs", "12")
    run = subprocess.Popen([*command, *own], env=environment, stderr=subprocess.PIPE)
    kept = tmp_path / "killed.progress" / "progress.json"
    deadline = time.monotonic() + 200
    saved = 0
    while time.monotonic() < deadline and run.poll() is None and saved < 2:
        # Between two savings the folder is away for a moment.
        with suppress(FileNotFoundError):
            saved = len(json.loads(kept.read_text("utf-8"))["position"]["losses"])
        time.sleep(0.005)
    ended = run.poll() is not None
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert not ended, "it ended before it could be killed"
    assert not (tmp_path / "killed").exists()
    again = launched([*command, *own])
    assert again.returncode == 0, again.stderr
    assert "going on after step" in again.stderr
    first, second = (wg.TextClassifier.load(tmp_path / name) for name in ("calm", "killed"))
    assert second.record_.losses == first.record_.losses
    assert (second.predict_proba(SENTENCES) == first.predict_proba(SENTENCES)).all()
    assert not kept.parent.exists()
