"""`wordgraft train`: what it writes and prints, and which options it refuses."""

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
from commands import run
from tiny import SENTENCES
from typer.testing import CliRunner

import wordgraft as wg
from wordgraft.cli.app import app
from wordgraft.table import EmbeddingTable

PAIRS = "bank\tmoney\t9\nriver\tboat\t8\ntea\tstation\t1\nstorm\tbread\t2\n"
Tiny = Callable[[str], Path]


def test_train_fits_a_method_that_the_table_does_not_carry(
    texts_folder: Path, tmp_path: Path
) -> None:
    done = run(
        *("train", "train.csv", "--table", "t.table", "-o", tmp_path / "m", "--oov", "encoder"),
        *("--max-epochs", "1"),
        cwd=texts_folder,
    )
    assert done.returncode == 0, done.stderr
    assert "fitting oov encoder to the table, which carries pieces" in done.stderr
    oov = EmbeddingTable.load(tmp_path / "m" / "table").oov
    assert oov is not None
    assert oov.method == "encoder"


def _csv(folder: Path, content: bytes) -> str:
    (folder / "bad.csv").write_bytes(content)
    return "bad.csv"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.csv is empty"),
        (b"text,label\n", "bad.csv is empty"),
        (b"text,mark\na,b\n", "has no column 'label'; its columns are text, mark"),
        (b"text,label\ngood,1\nbad,1\n", "all 2 labels are '1'; expected at least two classes"),
        (b"text,label\ncaf\xe9,1\n", "bad.csv is not UTF-8 (byte 0xe9"),
    ],
    ids=["empty", "header only", "no column", "one class", "latin1"],
)
def test_bad_training_data(
    texts_folder: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    _csv(tmp_path, content)
    output = tmp_path / "m"
    done = run("train", tmp_path / "bad.csv", "--table", texts_folder / "t.table", "-o", output)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not output.exists()


def test_a_model_teaches_another_on_texts_without_labels(
    texts_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("warm sun\ncold rain\nsun\n")
    train = [
        "train",
        texts_folder / "train.csv",
        "--table",
        texts_folder / "t.table",
        "--max-epochs",
        "2",
    ]
    teach = ["--teacher", texts_folder / "m.model", "--unlabelled", tmp_path / "more.txt"]
    done = run(*train, "-o", tmp_path / "m", *teach)
    assert done.returncode == 0, done.stderr
    assert "3 of them by the teacher" in done.stdout
    done = run(*train, "-o", tmp_path / "n", *teach[:2])
    assert done.returncode == 2
    assert "--teacher and --unlabelled go together" in " ".join(done.stderr.split())
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Anna B-PER\nwalked\nto O\n", "has 1 columns, expected 2"),
        ("Anna NNP\nwalked VBD\n", "none of its 2 columns holds only tags"),
        ("Anna O\nwalked O\n", "all tags of 1 sentences are O; expected entities"),
    ],
)
def test_bad_tagged_files(tags_folder: Path, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.conll").write_text(content)
    data = tmp_path / "bad.conll"
    output = tmp_path / "m"
    done = run("train", data, "--task", "tag", "--table", "t.table", "-o", output, cwd=tags_folder)
    assert done.returncode == 1
    assert message in done.stderr
    assert not output.exists()


def test_wrong_usage_exits_with_2(tags_folder: Path) -> None:
    for more in (
        ["--task", "parse"],
        ["--head-init", "zero"],
        ["--label-words", "no colon"],
        ["--layers", "top"],
        ["--checkpoint", "bert"],  # besides the table
    ):
        done = run("train", "x.csv", "--table", "t.table", "-o", "y", *more, cwd=tags_folder)
        assert done.returncode == 2, (more, done.stderr)


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
        "plan.Plan.__dataclass_fields__['save_every'].default = -1.0\n"
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
