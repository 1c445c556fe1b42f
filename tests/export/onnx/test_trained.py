"""A saved model is written as ONNX with NumPy alone, and as the model in memory is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bare
import numpy as np
import pytest
from onnx_models import NEW, TINY, classes, tagged
from typer.testing import CliRunner

from wordgraft import EmbeddingTable, Encoder, FrozenEncoder, TableRows, TrainingSettings
from wordgraft.cli.app import app
from wordgraft.errors import OutputError, TrainingError
from wordgraft.estimators import SequenceTagger, TextClassifier
from wordgraft.export.onnx import OnnxModel, export_onnx
from wordgraft.export.onnx.graph import GraphPlan
from wordgraft.export.onnx.trained import TrainedNetwork

QUICK = {**TINY, "hidden": 16, "training": TrainingSettings(epochs=1)}


def models_of(table: EmbeddingTable, sentences: list[str]) -> dict[str, Any]:
    """A fitted model of every network that ONNX files can hold, by a name for each."""
    labels = classes(sentences)
    several = [["a", label] for label in labels]
    words, tags = tagged(sentences)
    fitted: dict[str, Any] = {}
    for network in ("bag", "cnn", "bilstm", "transformer"):
        fitted[network] = TextClassifier(table, network=network, **QUICK).fit(sentences, labels)
    linear = TextClassifier(table, network="linear", **{**QUICK, "hidden": "auto"})
    fitted["linear"] = linear.fit(sentences, labels)
    heads = TextClassifier(table, head_init={"water": ["river"], "land": ["field"]}, **QUICK)
    fitted["head_init"] = heads.fit(sentences, labels)
    fitted["several"] = TextClassifier(table, **QUICK).fit(sentences, several)
    fitted["numbers"] = TextClassifier(TableRows(table, oov="mean"), **QUICK).fit(
        sentences, [len(text) % 3 for text in sentences]
    )
    fitted["random"] = TextClassifier(TableRows(table, start="random"), **QUICK).fit(
        sentences, labels
    )
    for network, letters in (("cnn", False), ("bilstm-crf", True), ("transformer", False)):
        tagger = SequenceTagger(table, network=network, letters=letters, **QUICK)
        fitted[f"tags-{network}"] = tagger.fit(words, tags)
    no_casing = SequenceTagger(table, network="bilstm", casing=False, **QUICK)
    fitted["tags-bilstm"] = no_casing.fit(words, tags)
    return fitted


def test_without_pytorch_every_file_is_the_same_bit_for_bit(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    folders = []
    for name, model in models_of(table, sentences).items():
        model.save(tmp_path / f"{name}.model")
        export_onnx(model, tmp_path / f"{name}.onnx", int8=name == "bag")
        folders.append(tmp_path / f"{name}.model")
    done = bare.run_bare(
        "import logging\n"
        "from pathlib import Path\n"
        "import wordgraft as wg\n"
        "logging.basicConfig(level='INFO', format='%(message)s')\n"
        "for folder in map(Path, sys.argv[1:]):\n"
        "    path = folder.with_suffix('.bare.onnx')\n"
        "    wg.export_onnx(folder, path, int8=folder.stem == 'bag')\n"
        "    model = wg.OnnxModel.load(path)\n"
        "    texts = ['The river', ''] if model.task == 'classify' else [['The', 'river'], []]\n"
        "    assert len(model.predict(texts)) == 2\n",
        *folders,
    )
    assert done.returncode == 0, done.stderr
    for folder in folders:
        path = folder.with_suffix(".bare.onnx")
        assert f"{path}: not compared with PyTorch, which is not installed" in done.stderr
        assert path.read_bytes() == folder.with_suffix(".onnx").read_bytes(), folder.stem


def test_the_command_writes_and_runs_a_file_without_pytorch(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    model = TextClassifier(table, **QUICK).fit(sentences, classes(sentences))
    folder, with_torch, without = (tmp_path / name for name in ("m.model", "a.onnx", "b.onnx"))
    model.save(folder)
    done = CliRunner().invoke(app, ["export", str(folder), "--to", "onnx", "-o", str(with_torch)])
    assert done.exit_code == 0, done.output
    assert "not compared with PyTorch" not in done.output
    command = "from wordgraft.cli import main\nsys.argv[0] = 'wordgraft'\nmain()\n"
    options = ("--to", "onnx", "-o", without)
    done_bare = bare.run_bare(command, "export", folder, *options)
    assert done_bare.returncode == 0, done_bare.stderr
    assert without.read_bytes() == with_torch.read_bytes()
    shown = bare.run_bare(command, "predict", without, "The river", "A bank")
    assert shown.stdout.splitlines()[0] == "label\tland\twater\ttext", shown.stderr
    assert [line.split("\t")[0] for line in shown.stdout.splitlines()[1:]] == [
        *model.predict(["The river", "A bank"])
    ]


def test_a_folder_gives_what_its_model_gives(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    model = TextClassifier(table, **QUICK).fit(sentences, classes(sentences))
    model.save(tmp_path / "m")
    export_onnx(str(tmp_path / "m"), tmp_path / "m.onnx")
    written = OnnxModel.load(tmp_path / "m.onnx")
    np.testing.assert_allclose(written.predict_proba(NEW), model.predict_proba(NEW), atol=1e-5)


def test_the_plan_is_read_from_the_weights(table: EmbeddingTable, sentences: list[str]) -> None:
    words, tags = tagged(sentences)
    for casing, letters in ((True, True), (True, False), (False, True), (False, False)):
        tagger = SequenceTagger(table, network="cnn", casing=casing, letters=letters, **QUICK)
        trained = TrainedNetwork.of_model(tagger.fit(words, tags))
        assert trained.plan == GraphPlan("cnn", per_word=True, casing=casing, letters=letters)
        assert trained.tags == ["O", "B-LOC", "I-LOC"]
        assert trained.labels is None


def test_models_on_an_encoder_are_refused(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> None:
    frozen = TextClassifier(FrozenEncoder(str(tiny_checkpoint("bert")))).fit(
        sentences, classes(sentences)
    )
    frozen.save(tmp_path / "m")
    message = "a model on FrozenEncoder cannot be exported to ONNX; only models on TableRows can"
    for model in (frozen, tmp_path / "m"):
        with pytest.raises(OutputError, match=message):
            export_onnx(model, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()
    done = bare.run_bare(
        "import wordgraft as wg\n"
        "try: wg.export_onnx(*sys.argv[1:])\n"
        "except wg.WordgraftError as error: print(error)\n",
        tmp_path / "m",
        tmp_path / "m.onnx",
    )
    assert done.stdout == f"{message}\n", done.stderr


def test_a_fine_tuned_encoder_is_refused(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> None:
    model = TextClassifier(Encoder(str(tiny_checkpoint("bert"))), training=QUICK["training"])
    model.fit(sentences, classes(sentences)).save(tmp_path / "m")
    with pytest.raises(OutputError, match="a model on Encoder cannot be exported to ONNX"):
        export_onnx(tmp_path / "m", tmp_path / "m.onnx")


def test_a_damaged_folder_is_refused(
    table: EmbeddingTable, sentences: list[str], tmp_path: Path
) -> None:
    TextClassifier(table, **QUICK).fit(sentences, classes(sentences)).save(tmp_path / "m")
    weights = tmp_path / "m" / "network.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + b"?")
    with pytest.raises(TrainingError, match=r"network\.safetensors is missing or is not what was"):
        export_onnx(tmp_path / "m", tmp_path / "m.onnx")
    weights.write_bytes(content)
    marker = tmp_path / "m" / "model.json"
    marker.write_text(marker.read_text("utf-8").replace('"network": "bag"', '"net": "bag"'))
    with pytest.raises(TrainingError, match=r"is inconsistent \('network'\); train again"):
        export_onnx(tmp_path / "m", tmp_path / "m.onnx")
    with pytest.raises(TrainingError, match="is not a trained model: there is no such folder"):
        export_onnx(tmp_path / "none", tmp_path / "m.onnx")
