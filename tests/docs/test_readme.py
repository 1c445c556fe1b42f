"""The code in the README runs as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordgraft as wg

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def names(
    tiny_checkpoint: Callable[[str], Path],
    sentences: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """The names that a section takes from the sections before it; it runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    name = tiny_checkpoint("bert")
    checkpoint = wg.open_checkpoint(name)
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(sentences, checkpoint))
    made: dict[str, Any] = {"wg": wg, "name": name, "checkpoint": checkpoint, "table": table}
    return made | {"texts": sentences, "labels": labels_of(sentences)}


def labels_of(texts: list[str]) -> list[str]:
    return ["up" if "river" in text else "down" for text in texts]


def blocks_of(title: str) -> list[str]:
    section = README.read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def run_section(title: str, names: dict[str, Any], *, blocks: int) -> None:
    code = blocks_of(title)
    assert len(code) == blocks
    for block in code:
        exec(block, names)


def test_seven_lines_make_a_grafted_layer(names: dict[str, Any]) -> None:
    (block,) = blocks_of("Seven lines to a grafted layer")
    lines = [line for line in block.splitlines() if line]
    assert len(lines) == 7
    code = [line for line in lines if not line.startswith("texts, labels")]
    code = [re.sub(r"open_checkpoint\(.*\)", "open_checkpoint(name)", line) for line in code]
    exec("\n".join(code), names)
    assert len(names["table"]) > 20
    assert names["classifier"].classes_.tolist() == ["down", "up"]


def test_the_code_on_first_layers(names: dict[str, Any]) -> None:
    run_section("Three first layers", names, blocks=1)
    assert names["frozen"].get_params()["first_layer__layers"] == [1, 2]
    assert names["fine_tuned"].get_params()["training__epochs"] == 3


@pytest.mark.slow
def test_the_code_for_each_framework(names: dict[str, Any], sentences: list[str]) -> None:
    table = names["table"]
    training = wg.TrainingSettings(epochs=2)
    classifier = wg.TextClassifier(table, training=training, random_state=0)
    names["classifier"] = classifier.fit(sentences, names["labels"])
    run_section("Frameworks", names, blocks=5)
    assert names["states"]["cls"].shape == (len(sentences), 32)
    np.testing.assert_array_equal(names["hidden"][0, 0], table[sentences[0].split()[0]])
    assert set(names["pipeline"].predict(["the river"])) <= {"up", "down"}
    assert Path("news.onnx").is_file()


@pytest.mark.slow
def test_the_code_on_taggers_and_teachers(names: dict[str, Any], sentences: list[str]) -> None:
    tagged = "".join(f"the O\nriver{number} B-LOC\nrose O\n\n" for number in range(8))
    Path("train.conll").write_text(tagged, "utf-8")
    texts = sentences * 3
    names |= {"texts": texts, "labels": labels_of(texts), "other_texts": sentences}
    run_section("Taggers, teachers and soft labels", names, blocks=4)
    assert names["soft"].shape == (len(texts), 2)
    assert set(names["student"].predict(["the river"])) <= {"up", "down"}


@pytest.mark.slow
def test_the_code_on_out_of_vocabulary_words(names: dict[str, Any]) -> None:
    run_section("Out-of-vocabulary words", names, blocks=1)
    assert wg.method_of(names["table"]).name == "blend"
