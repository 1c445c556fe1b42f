"""`train --task tag`, `predict`, `evaluate`, and `cache`, on a tiny checkpoint."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import commands
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def run(*arguments: object, cwd: Path, cache: Path | None = None) -> subprocess.CompletedProcess:
    env = None if cache is None else {"WORDGRAFT_CACHE": str(cache)}
    return commands.run(*arguments, cwd=cwd, env=env)


def sentences(number: int) -> str:
    lines = []
    for _ in range(number):
        name, place = RNG.choice(["Anna", "Weber"]), RNG.choice(["Berlin", "London"])
        for word, tag in ((name, "I-PER"), ("walked", "O"), ("to", "O"), (place, "I-LOC")):
            lines.append(f"{word} NN - {tag}")
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def place(tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tagged sentences, a table and a tagger, made by the commands."""
    folder = tmp_path_factory.mktemp("tagging")
    (folder / "train.conll").write_text("-DOCSTART- -X- O O\n\n" + sentences(60))
    (folder / "test.conll").write_text(sentences(10) + "\nRiver NN - I-LOC\n")
    words = ["Anna", "Weber", "walked", "to", "Berlin", "London", "the", "river"]
    (folder / "words.txt").write_text("\n".join(words))
    (folder / "bert").symlink_to(tiny_checkpoint("bert"))
    made = run("table", "bert", "-o", "t.table", "--words", "words.txt", cwd=folder)
    assert made.returncode == 0, made.stderr
    trained = run(
        *("train", "train.conll", "--task", "tag", "--table", "t.table", "-o", "m.model"),
        *("--network", "bilstm-crf", "--hidden", 16, "--head-rate", "1e-2", "--dropout", "0.2"),
        *("--batch-size", 8),
        cwd=folder,
    )
    assert trained.returncode == 0, trained.stderr
    assert "entity F1 1.000" in trained.stdout
    assert "O, B-LOC, I-LOC, B-PER, I-PER" in trained.stdout
    return folder


def test_predict_marks_entities(place: Path) -> None:
    done = run("predict", "m.model", "Anna  walked to Berlin", "", cwd=place)
    assert done.stdout == "[Anna PER]  walked to [Berlin LOC]\n\n", done.stderr


def test_predict_gives_json_lines_with_places_in_the_text(place: Path) -> None:
    text = "So: Weber walked to London"
    done = run("predict", "m.model", "--json", text, cwd=place)
    found = json.loads(done.stdout)
    assert found["text"] == text
    kinds = {entity["text"]: entity["type"] for entity in found["entities"]}
    assert kinds["London"] == "LOC"
    for entity in found["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]


def test_evaluate_prints_every_figure(place: Path) -> None:
    done = run("evaluate", "m.model", "test.conll", cwd=place)
    assert done.returncode == 0, done.stderr
    for line in ("sentences   11", "precision", "recall", "F1, unseen", "LOC", "PER"):
        assert line in done.stdout
    assert "(1 entities not in the training data)" in done.stdout


def test_evaluate_names_types_the_model_does_not_know(place: Path, tmp_path: Path) -> None:
    (tmp_path / "new.conll").write_text("Anna\tB-PER\nIBM\tB-ORG\n")
    done = run("evaluate", place / "m.model", tmp_path / "new.conll", cwd=place)
    assert (
        "1 of 1 texts have entity types that the model does not know (ORG; it knows" in done.stderr
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Anna B-PER\nwalked\nto O\n", "has 1 columns, expected 2"),
        ("Anna NNP\nwalked VBD\n", "none of its 2 columns holds tags alone"),
        ("Anna O\nwalked O\n", "all tags of 1 sentences are O; expected entities"),
    ],
)
def test_bad_tagged_files(place: Path, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.conll").write_text(content)
    data = tmp_path / "bad.conll"
    output = tmp_path / "m"
    done = run("train", data, "--task", "tag", "--table", "t.table", "-o", output, cwd=place)
    assert done.returncode == 1
    assert message in done.stderr
    assert not output.exists()


def test_wrong_usage_exits_with_2(place: Path) -> None:
    for more in (
        ["--task", "parse"],
        ["--head-init", "zero"],
        ["--label-words", "no colon"],
        ["--layers", "top"],
        ["--checkpoint", "bert"],  # besides the table
    ):
        done = run("train", "x.csv", "--table", "t.table", "-o", "y", *more, cwd=place)
        assert done.returncode == 2, (more, done.stderr)


def test_features_are_kept_shown_pruned_and_cleared(place: Path, tmp_path: Path) -> None:
    train = (
        *("train", "train.conll", "--task", "tag", "--checkpoint", "bert", "--max-epochs", 1),
        *("--network", "features", "--body", "cnn", "--layers", "0,2", "--force"),
    )
    empty = run("cache", cwd=place, cache=tmp_path)
    assert "0 B" in empty.stdout
    first = run(*train, "-o", tmp_path / "m", cwd=place, cache=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "encoding 4 texts of 16 words" in first.stderr
    again = run(*train, "-o", tmp_path / "m", cwd=place, cache=tmp_path)
    assert "encoding" not in again.stderr
    shown = run("cache", "show", cwd=place, cache=tmp_path)
    assert "0,2" in shown.stdout
    assert "words" in shown.stdout
    assert run("cache", "prune", cwd=place, cache=tmp_path).returncode == 2
    assert run("cache", "prune", "--size", "big", cwd=place, cache=tmp_path).returncode == 2
    kept = run("cache", "prune", "--size", "1G", "--days", "3", cwd=place, cache=tmp_path)
    assert "deleted  0 sets of vectors" in kept.stdout
    cleared = run("cache", "clear", cwd=place, cache=tmp_path)
    assert "deleted  1 sets of vectors" in cleared.stdout
    assert list((tmp_path / "features").iterdir()) == []
    none = run(*train, "--no-cache", "-o", tmp_path / "m", cwd=place, cache=tmp_path)
    assert none.returncode == 0
    assert list((tmp_path / "features").iterdir()) == []
