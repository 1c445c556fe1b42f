"""The code in the README's section on frameworks runs as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordgraft as wg

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.mark.slow
def test_the_code_for_each_framework(
    tiny_checkpoint: Callable[[str], Path],
    sentences: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = wg.open_checkpoint(tiny_checkpoint("bert"))
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(sentences, checkpoint))
    labels = ["up" if "river" in text else "down" for text in sentences]
    classifier = wg.TextClassifier(table, max_epochs=2, random_state=0).fit(sentences, labels)
    names: dict[str, Any] = {"wg": wg, "checkpoint": checkpoint, "table": table}
    names |= {"texts": sentences, "labels": labels, "classifier": classifier}
    section = README.read_text("utf-8").split("## Frameworks\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)
    assert names["states"]["cls"].shape == (len(sentences), 32)
    np.testing.assert_array_equal(names["hidden"][0, 0], table[sentences[0].split()[0]])
    assert set(names["pipeline"].predict(["the river"])) <= {"up", "down"}
    assert (tmp_path / "news.onnx").is_file()


@pytest.mark.slow
def test_the_code_on_networks(
    tiny_checkpoint: Callable[[str], Path],
    sentences: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    tagged = "".join(f"the O\nriver{number} B-LOC\nrose O\n\n" for number in range(8))
    Path("train.conll").write_text(tagged, "utf-8")
    name = tiny_checkpoint("bert")
    checkpoint = wg.open_checkpoint(name)
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(sentences, checkpoint))
    texts = sentences * 3
    labels = ["up" if "river" in text else "down" for text in texts]
    names: dict[str, Any] = {"wg": wg, "table": table, "name": name, "texts": texts}
    names |= {"labels": labels, "other_texts": sentences}
    section = README.read_text("utf-8").split("## Networks and taggers\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, names)
    assert names["soft"].shape == (len(texts), 2)
    assert set(names["small"].predict(["the river"])) <= {"up", "down"}
