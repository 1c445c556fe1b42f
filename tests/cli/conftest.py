"""Folders with data, a table and a model, which the tests of the commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import run


@pytest.fixture(scope="session")
def texts_folder(
    tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with labelled texts, a table and a model, made by the commands."""
    folder = tmp_path_factory.mktemp("cli")
    good = [f"{i} the warm sun shines,good" for i in range(20)]
    bad = [f"{i} a cold rain falls,bad" for i in range(20)]
    (folder / "train.csv").write_text("\n".join(["text,label", *good, *bad]) + "\n")
    (folder / "bert").symlink_to(tiny_checkpoint("bert"))
    made = run("table", "bert", "-o", "t.table", "--texts", "train.csv:text", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert "t.table: " in made.stdout
    trained = run(
        "train", "train.csv", "--table", "t.table", "-o", "m.model", "--network", "bag", cwd=folder
    )
    assert trained.returncode == 0, trained.stderr
    assert "macro-F1" in trained.stdout
    return folder


def sentences(number: int) -> str:
    """Tagged sentences in CoNLL-style columns."""
    rng, lines = np.random.default_rng(0), []
    for _ in range(number):
        name, place = rng.choice(["Anna", "Weber"]), rng.choice(["Berlin", "London"])
        for word, tag in ((name, "I-PER"), ("walked", "O"), ("to", "O"), (place, "I-LOC")):
            lines.append(f"{word} NN - {tag}")
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def tags_folder(
    tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
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
        *("--network", "bilstm-crf", "--set", "hidden=16", "--set", "dropout=0.2"),
        *("--set", "training__head_rate=1e-2", "--set", "training__batch_size=8"),
        cwd=folder,
    )
    assert trained.returncode == 0, trained.stderr
    assert "entity F1 1.000" in trained.stdout
    assert "O, B-LOC, I-LOC, B-PER, I-PER" in trained.stdout
    return folder
