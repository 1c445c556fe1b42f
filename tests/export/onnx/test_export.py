"""A trained model as one `.onnx` file gives what the model gives, without PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from onnx_models import NEW, TINY, classes, tagged, written
from tables import random_table
from typer.testing import CliRunner

from wordgraft import (
    EmbeddingTable,
    TableRows,
    Vocabulary,
    build_table,
    open_checkpoint,
)
from wordgraft.cli.app import app
from wordgraft.errors import OutputError
from wordgraft.estimators import SequenceTagger, TextClassifier
from wordgraft.export.onnx import export as module
from wordgraft.export.onnx import export_onnx


@pytest.mark.parametrize("network", ["bag", "linear", "cnn", "bilstm", "transformer"])
def test_a_classifier_keeps_its_probabilities(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path, network: str
) -> None:
    sizes = {"hidden": "auto"} if network == "linear" else {}
    model = TextClassifier(table, network=network, **{**TINY, **sizes})
    model.fit(sentences, classes(sentences))
    texts = [*sentences, *NEW]
    expected = model.predict_proba(texts)
    exported = written(model, tmp_path / "m.onnx")
    assert_allclose(exported.predict_proba(texts), expected, atol=1e-5)
    assert exported.predict(texts).tolist() == model.predict(texts).tolist()
    alone = np.concatenate([exported.predict_proba([text]) for text in texts])
    assert_allclose(alone, expected, atol=1e-5)
    small = written(model, tmp_path / "int8.onnx", int8=True)
    off = np.abs(small.predict_proba(texts) - expected).max()
    assert 0 < off < 0.02
    sizes = [(tmp_path / name).stat().st_size for name in ("m.onnx", "int8.onnx")]
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize(
    ("network", "letters"),
    [("cnn", False), ("bilstm", True), ("bilstm-crf", False), ("transformer", True)],
)
def test_a_tagger_keeps_its_tags(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path, network: str, letters: bool
) -> None:
    words, tags = tagged(sentences)
    model = SequenceTagger(table, network=network, letters=letters, **TINY).fit(words, tags)
    exported = written(model, tmp_path / "m.onnx")
    asked = [*words, [], ["RIVER"], ["Unheard", "qwerty", "river"]]
    assert exported.predict(asked) == model.predict(asked)
    assert exported.entities(asked) == model.entities(asked)


@pytest.mark.parametrize("oov", ["unk", "zero", "mean"])
def test_methods_of_one_vector(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path, oov: str
) -> None:
    model = TextClassifier(TableRows(table, oov=oov), **TINY).fit(sentences, classes(sentences))
    exported = written(model, tmp_path / "m.onnx")
    assert_allclose(exported.predict_proba(NEW), model.predict_proba(NEW), atol=1e-5)


def test_a_method_that_cannot_be_written_is_said(
    sentences: list[str],
    tmp_path: Path,
    table: EmbeddingTable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = TextClassifier(TableRows(table, oov="neighbours"), **TINY).fit(
        sentences, classes(sentences)
    )
    exported = written(model, tmp_path / "m.onnx")
    assert "oov neighbours cannot be exported to ONNX" in caplog.text
    assert_allclose(exported.predict_proba(sentences), model.predict_proba(sentences), atol=1e-5)


def test_labels_by_number_and_several_at_once(tmp_path: Path) -> None:
    table = random_table(40, 8)
    texts = [f"w{i} w{i + 1}" for i in range(30)]
    several = TextClassifier(table, **TINY).fit(
        texts, [["a"] if i % 2 else ["a", "b"] for i in range(30)]
    )
    exported = written(several, tmp_path / "several.onnx")
    assert_allclose(exported.predict_proba(texts), several.predict_proba(texts), atol=1e-5)
    assert exported.predict(texts) == several.predict(texts)
    numbers = TextClassifier(table, **TINY).fit(texts, np.arange(30) % 3)
    assert written(numbers, tmp_path / "n.onnx").predict(texts).dtype == np.int64


def test_a_table_of_pieces(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    pieces = build_table(
        checkpoint, Vocabulary.from_tokenizer(checkpoint), source="lookup", oov="unk"
    )
    model = TextClassifier(pieces, **TINY).fit(sentences, classes(sentences))
    exported = written(model, tmp_path / "m.onnx")
    assert_allclose(exported.predict_proba(sentences), model.predict_proba(sentences), atol=1e-5)


def test_numbers_that_differ_are_not_kept(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = TextClassifier(table, **TINY).fit(sentences, classes(sentences))
    build = module.build

    def wrong(*arguments: Any, **options: Any) -> Any:
        graph = build(*arguments, **options)
        name = next(name for name, values in graph.arrays.items() if values.shape == (2,))
        graph.arrays[name] = graph.arrays[name] + np.float32([0.01, 0])
        return graph

    monkeypatch.setattr(module, "build", wrong)
    with pytest.raises(OutputError, match="differ from PyTorch by up to"):
        export_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_the_command_line_refuses(tmp_path: Path) -> None:
    run = CliRunner().invoke
    onnx = ["export", str(tmp_path / "m.model"), "--to", "onnx", "-o"]
    assert "must end in .onnx" in run(app, [*onnx, str(tmp_path / "m")]).output
    done = run(app, [*onnx, str(tmp_path / "m.onnx"), "--oov", "unk"])
    assert done.exit_code == 2
    done = run(app, ["export", "t", "--to", "npz", "--int8", "-o", str(tmp_path / "t.npz")])
    assert "--int8 has no effect without --to onnx" in done.output
    done = run(app, [*onnx, str(tmp_path / "m.onnx")])
    assert done.exit_code == 1
    assert f"wordgraft: {tmp_path / 'm.model'} " in done.output
