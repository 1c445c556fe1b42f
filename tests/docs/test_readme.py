"""The code in the README's sections on networks and on frameworks runs as it stands."""

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
    """What the code has from the sections before it; it runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    name = tiny_checkpoint("bert")
    checkpoint = wg.open_checkpoint(name)
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(sentences, checkpoint))
    found: dict[str, Any] = {"wg": wg, "name": name, "checkpoint": checkpoint, "table": table}
    return found | {"texts": sentences, "labels": labels_of(sentences)}


def labels_of(texts: list[str]) -> list[str]:
    return ["up" if "river" in text else "down" for text in texts]


def run_section(title: str, names: dict[str, Any], *, blocks: int) -> None:
    section = README.read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(found) == blocks
    for block in found:
        exec(block, names)


@pytest.mark.slow
def test_the_code_for_each_framework(names: dict[str, Any], sentences: list[str]) -> None:
    table = names["table"]
    classifier = wg.TextClassifier(table, training=wg.TrainingSettings(epochs=2), random_state=0)
    names["classifier"] = classifier.fit(sentences, names["labels"])
    run_section("Frameworks", names, blocks=5)
    assert names["states"]["cls"].shape == (len(sentences), 32)
    np.testing.assert_array_equal(names["hidden"][0, 0], table[sentences[0].split()[0]])
    assert set(names["pipeline"].predict(["the river"])) <= {"up", "down"}
    assert Path("news.onnx").is_file()


@pytest.mark.slow
def test_the_code_on_networks(names: dict[str, Any], sentences: list[str]) -> None:
    tagged = "".join(f"the O\nriver{number} B-LOC\nrose O\n\n" for number in range(8))
    Path("train.conll").write_text(tagged, "utf-8")
    texts = sentences * 3
    names |= {"texts": texts, "labels": labels_of(texts), "other_texts": sentences}
    run_section("Networks and taggers", names, blocks=3)
    assert names["soft"].shape == (len(texts), 2)
    assert set(names["small"].predict(["the river"])) <= {"up", "down"}
