"""An `.onnx` file runs without PyTorch, and a file that is not a model is refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from numpy.testing import assert_allclose
from onnx_models import TINY, classes, tagged, written
from processes import finished
from tables import random_table
from typer.testing import CliRunner

from wordgraft import (
    EmbeddingTable,
    TrainingSettings,
)
from wordgraft.cli.app import app
from wordgraft.errors import TrainingError
from wordgraft.estimators import SequenceTagger, TextClassifier
from wordgraft.export.onnx import OnnxModel


def test_the_best_tags_are_those_of_the_crf(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    """Viterbi in NumPy, with transitions that matter, against the CRF's own."""
    import torch

    words, tags = tagged(sentences)
    model = SequenceTagger(table, network="bilstm-crf", **TINY).fit(words, tags)
    crf = model.network_.head.crf
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in crf.parameters():
            weights += torch.randn(weights.shape, generator=random)
    found = written(model, tmp_path / "m.onnx")
    logits = torch.randn(40, 9, len(model.tags_), generator=random)
    mask = torch.ones(logits.shape[:2], dtype=torch.bool)
    best = [tag for each in logits for tag in found._best(each.numpy())]
    assert best == crf.decode(logits, mask).tolist()


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no file"):
        OnnxModel.load(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no protobuf at all")
    with pytest.raises(TrainingError, match="cannot be run"):
        OnnxModel.load(tmp_path / "bad.onnx")
    from onnx import TensorProto, helper, save

    value = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])]
    node = helper.make_node("Identity", ["x"], ["y"])
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    graph = helper.make_graph([node], "other", value, out)
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "other.onnx")
    with pytest.raises(TrainingError, match="wordgraft did not write"):
        OnnxModel.load(tmp_path / "other.onnx")


def test_the_command_line_needs_no_framework(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    """With torch, transformers and scikit-learn barred, text goes in and labels come out."""
    classifier = TextClassifier(table, **TINY).fit(sentences, classes(sentences))
    classifier.save(tmp_path / "news.model")
    words, tags = tagged(sentences)
    tagger = SequenceTagger(table, **{**TINY, "training": TrainingSettings(epochs=25)}).fit(
        words, tags
    )
    tagger.save(tmp_path / "ner.model")
    run = CliRunner().invoke
    for name in ("news", "ner"):
        done = run(
            app,
            [
                "export",
                str(tmp_path / f"{name}.model"),
                "--to",
                "onnx",
                "-o",
                str(tmp_path / f"{name}.onnx"),
            ],
        )
        assert done.exit_code == 0, done.output
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(['torch', 'transformers', 'sklearn', 'accelerate', 'onnx'])\n"
        "from wordgraft.cli import main\n"
        "sys.argv = ['wordgraft', 'predict', *sys.argv[1:]]\n"
        "main()\n"
    )
    for name in ("news", "ner"):
        asked = ["The river was unheard", "A bank"]
        command = [sys.executable, "-c", code, str(tmp_path / f"{name}.onnx"), *asked]
        shown = finished(command)
        expected = run(app, ["predict", str(tmp_path / f"{name}.model"), "-q", *asked])
        assert shown.stdout == expected.stdout, shown.stderr
        assert "river" in shown.stdout


def test_labels_in_the_file_survive_a_model_of_many_words(tmp_path: Path) -> None:
    """Rows are found by ids, whatever the words hold: quotes, other scripts, blanks."""
    table = random_table(4, 3)
    words = ("[PAD]", "[UNK]", '"', "\u4f60", "caf\u00e9", "w3")
    vocabulary = table.vocabulary
    from tables import vocabulary_of

    table = replace(table, vocabulary=replace(vocabulary_of(words[2:]), counts=vocabulary.counts))
    texts = ['" caf\u00e9', "\u4f60 w3", '" w3', "caf\u00e9 caf\u00e9"]
    model = TextClassifier(table, **TINY).fit(texts, ['\u4f60 "x"', "b", "b", '\u4f60 "x"'])
    found = written(model, tmp_path / "m.onnx")
    assert found.classes_.tolist() == model.classes_.tolist()
    assert_allclose(found.predict_proba(texts), model.predict_proba(texts), atol=1e-5)
