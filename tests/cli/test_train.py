"""`wordgraft train`: what it writes and prints, and which options it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from commands import run
from processes import finished
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.cli.app import app
from wordgraft.table import EmbeddingTable

Tiny = Callable[[str], Path]


def test_train_fits_a_method_that_the_table_does_not_carry(
    texts_folder: Path, tmp_path: Path
) -> None:
    done = run(
        *("train", "train.csv", "--table", "t.table", "-o", tmp_path / "m", "--oov", "encoder"),
        *("--epochs", "1"),
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


def test_a_teacher_labels_texts_without_labels(texts_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("warm sun\ncold rain\nsun\n")
    train = [
        "train",
        texts_folder / "train.csv",
        "--table",
        texts_folder / "t.table",
        "--epochs",
        "2",
    ]
    distillation = ["--teacher", texts_folder / "m.model", "--unlabelled", tmp_path / "more.txt"]
    done = run(*train, "-o", tmp_path / "m", *distillation)
    assert done.returncode == 0, done.stderr
    assert "3 of them, labelled by the teacher" in done.stdout
    done = run(*train, "-o", tmp_path / "n", *distillation[:2])
    assert done.returncode == 2
    assert "--teacher and --unlabelled need each other" in " ".join(done.stderr.split())
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--table", "t", "--task", "parse"], "'parse' is not one of classify, tag"),
        (["--table", "t", "--encoder", "bert"], "give exactly one of --table, --encoder and"),
        ([], "give exactly one of --table, --encoder and --frozen-encoder"),
        (["--table", "t", "--pooling", "cls"], "--pooling has no effect with --table, only with"),
        (["--table", "t", "--layers", "3"], "--layers has no effect with --table, only with"),
        (["--encoder", "b", "--layers", "3"], "--layers has no effect with --encoder, only with"),
        (["--frozen-encoder", "b", "--regime", "full"], "--regime has no effect with --frozen-enc"),
        (["--table", "t", "--regularizer", "lora"], "--regularizer has no effect with --table"),
        (["--encoder", "b", "--oov", "unk"], "--oov has no effect with --encoder, only with --tab"),
        (["--encoder", "b", "--network", "cnn"], "--network has no effect with --encoder"),
        (["--frozen-encoder", "b", "--no-resume"], "--no-resume has no effect on --network logis"),
        (
            ["--frozen-encoder", "b", "--epochs", "3"],
            "--epochs has no effect on network 'logistic'",
        ),
        (["--frozen-encoder", "b", "--layers", "top"], "'top' is not a list of layers such as 3,6"),
        (["--table", "t", "--head-init", "zero"], "'zero' is not xavier, labels or 'label: word"),
        (["--table", "t", "--label-words", "up: gain"], "No such option: --label-words"),
        (["--table", "t", "--teacher", "m"], "--teacher and --unlabelled need each other"),
        (["--table", "t", "--set", "letters=true"], "'letters' is not a parameter of this model"),
        (["--table", "t", "--set", "casing=true"], "'casing' is not a parameter of this model"),
        (["--table", "t", "--set", "first_layer__cache=none"], "'first_layer__cache' is not a par"),
        (["--table", "t", "--set", "training__epochs=3"], "use --epochs for training__epochs"),
        (["--table", "t", "--set", "hidden"], "'hidden' is not NAME=VALUE"),
        (["--table", "t", "--set", "hidden=0"], "--set hidden is 0, expected"),
        (
            ["--table", "t", "--network", "linear", "--set", "hidden=9"],
            "--set hidden has no effect",
        ),
        (["--table", "t", "--network", "crf"], "--network is 'crf', expected one of"),
        (
            ["--table", "t", "--task", "tag", "--head-init", "labels"],
            "--head-init has no effect wi",
        ),
        (
            ["--table", "t", "--task", "tag", "--set", "class_weight=none"],
            "'class_weight' is not a",
        ),
        (
            ["--table", "t", "--task", "tag", "--label-separator", "|"],
            "--label-separator has no ef",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_has_no_effect_is_refused_by_name(
    tmp_path: Path, options: list[str], message: str
) -> None:
    done = run("train", "x.csv", "-o", "y", *options, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert not [*tmp_path.iterdir()]


def test_the_command_has_at_most_25_options() -> None:
    command = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    assert len(options) <= 25


def test_a_setting_reaches_the_model_by_its_python_name(texts_folder: Path, tmp_path: Path) -> None:
    settings = ["--set", "training__head_rate=2e-3", "--set", "first_layer__trainable=false"]
    options = ["--table", "t.table", "--epochs", "1", "--set", "class_weight=none", *settings]
    done = run("train", "train.csv", "-o", tmp_path / "m", *options, cwd=texts_folder)
    assert done.returncode == 0, done.stderr
    model = wg.TextClassifier.load(tmp_path / "m")
    assert model.get_params()["training__head_rate"] == 2e-3
    assert model.class_weight is None
    # Rows that are not trained are those of the table.
    row = wg.EmbeddingTable.load(texts_folder / "t.table")["sun"]
    assert (model.table_["sun"] == row).all()


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
        *("train", str(data), "--encoder", str(folder)),
        *("-o", str(output), "--device", "cpu", *more),
    ]


def test_train_searches_and_saves_a_checkpoint(
    data: Path, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    output = tmp_path / "my.model"
    more = (
        *("--regime", "lp-ft", "--regularizer", "layer_decay", "--epochs", "2", "--trials", "2"),
        *("--head-init", "money: bank, market", "--head-init", "other: river, rain"),
    )
    done = run(*arguments(data, tiny_checkpoint("roberta"), output, *more))
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"settings +best of 2: head_rate \S+, rows_rate \S+, regularizer layer_decay:", done.stdout
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my.model", "texts.csv"]
    predicted = run("predict", output, "The bank lent money.")
    assert predicted.stdout.splitlines()[0] == "label\tmoney\tother\ttext"
    (tmp_path / "words.txt").write_text("bank\nriver\n", "utf-8")
    made = run("table", output, "--words", tmp_path / "words.txt", "-o", tmp_path / "t.table")
    assert made.returncode == 0, made.stderr
    assert wg.EmbeddingTable.load(tmp_path / "t.table").recipe["layer"] == 3


def launched(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return finished(command, env=environment)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(
    data: Path, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    folder = tiny_checkpoint("bert")
    more = ("--epochs", "3", "--set", "dropout=0", "--set", "class_weight=none")
    one = run(*arguments(data, folder, tmp_path / "one", *more))
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
    # Saves after each step, and kills itself after a number of savings.
    script = (
        "import os, signal, sys\n"
        "from wordgraft.core import run_state\n"
        "save, savings = run_state.RunState.save, []\n"
        "def save_now(self, name, content):\n"
        "    save(self, name, *content())\n"
        "    savings.append(name)\n"
        "    if len(savings) == {savings}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "run_state.RunState.save_if_due = save_now\n"
        "from wordgraft.cli import main\n"
        "main()\n"
    )
    calm = run(*arguments(data, folder, tmp_path / "calm", "--epochs", "4"))
    assert calm.returncode == 0, calm.stderr
    again_arguments = arguments(data, folder, tmp_path / "killed", "--epochs", "4")
    progress = tmp_path / "killed.progress" / "training.state.safetensors"
    killed = launched([sys.executable, "-c", script.format(savings=7), *again_arguments])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert progress.is_file()
    assert not (tmp_path / "killed").exists()
    again = run(*again_arguments)
    assert again.returncode == 0, again.stderr
    assert "resuming after step 1 of epoch 3" in again.stderr
    first, second = (wg.TextClassifier.load(tmp_path / name) for name in ("calm", "killed"))
    assert second.record_.losses == first.record_.losses
    assert (second.predict_proba(SENTENCES) == first.predict_proba(SENTENCES)).all()
    assert not progress.parent.exists()
