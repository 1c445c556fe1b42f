"""Export a trained classifier or tagger as one `.onnx` file, and compare it with PyTorch."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft._version import __version__
from wordgraft.core.atomic_io import new_file
from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.errors import MissingExtraError, OutputError
from wordgraft.estimators.argument_checks import check_fitted
from wordgraft.estimators.saved import task_in
from wordgraft.export.onnx.builder import GraphBuilder
from wordgraft.export.onnx.graph import IR_VERSION, OPSET, GraphPlan, build
from wordgraft.export.onnx.model import FORMAT_VERSION, OnnxModel
from wordgraft.export.onnx.trained import TrainedNetwork
from wordgraft.oov import MeanRow, Pieces, UnkRow, ZeroRow
from wordgraft.oov.methods import load_method, state_for
from wordgraft.oov.table_rows import moved
from wordgraft.table.quantization import dequantize, stored_as

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

    from wordgraft.estimators.base import TextModel

_LOG = logging.getLogger(__name__)
# The largest allowed difference from PyTorch, and the number and length of the test texts.
_TOLERANCE, _TEXTS, _MAX_LENGTH = 1e-4, 24, 30


def export_onnx(
    model: TextModel | str | Path, path: str | Path, *, int8: bool = False, force: bool = False
) -> None:
    """Write a trained `TextClassifier` or `SequenceTagger` as one file that `OnnxModel` runs.

    The file takes text: the rule that splits text into words and the labels are in it.
    Out-of-vocabulary words get the vectors of the table's fallbacks and of the methods `pieces`,
    `unk`, `zero` or `mean`. Other methods cannot be exported: such words then get the unk row.

    >>> model = wg.TextClassifier(table).fit(texts, labels)
    >>> export_onnx(model, "news.onnx")
    >>> wg.OnnxModel.load("news.onnx").predict(["warm sun"]).tolist()
    ['clear']

    Args:
        model: a fitted model, or the folder of a saved one. A folder needs neither PyTorch nor
            scikit-learn; if both are installed, the file's outputs are compared with PyTorch's.
        int8: store each row as one byte per number and one scale, a quarter of the size.
        force: replace an existing file.

    Raises `OutputError` if `path` exists (unless `force`), for networks that cannot be exported,
    and if the file's outputs differ from PyTorch's by more than 1e-4 on random texts.
    """
    require("onnx", purpose="writing ONNX")
    require("onnxruntime", purpose="checking the exported model")
    if isinstance(model, str | Path):
        trained = TrainedNetwork.of_folder(Path(model))
    else:
        check_fitted(model)
        trained = TrainedNetwork.of_model(model)
    rows, oov, tokenizer = _rows(trained)
    graph = build(trained.plan, rows, trained.weights, int8=int8)
    with new_file(Path(path), force=force) as scratch:
        scratch.write_bytes(_serialized(graph, trained.plan, _metadata(trained, oov, tokenizer)))
        written = OnnxModel.load(scratch)
        network = _network(model)
        if network is None:
            _LOG.info("%s: not compared with PyTorch, which is not installed", path)
            return
        if int8:
            rows = dequantize(*stored_as("int8", rows))  # type: ignore[arg-type]
        _compare(written, network, trained.plan, rows)


def _network(model: TextModel | str | Path) -> Any:
    """The network in PyTorch, or None where PyTorch or scikit-learn is not installed."""
    if not isinstance(model, str | Path):
        return model.network_
    try:
        from wordgraft.estimators import SequenceTagger, TextClassifier

        kind = SequenceTagger if task_in(Path(model)) == "tag" else TextClassifier
        return kind.load(model).network_
    except MissingExtraError:
        return None


def _rows(trained: TrainedNetwork) -> tuple[Float32[ndarray, "rows dims"], str, str]:
    """The table's rows followed by those that out-of-vocabulary words are made of.

    Also the method's name, and the tokenizer that cuts such words into pieces, as JSON.
    """
    table = trained.table
    state = state_for(table, trained.oov)
    if state.method == Pieces.name:
        pieces = moved(state, np.asarray(state.arrays["rows"], np.float32))
        rule = json.dumps(state.settings["tokenizer"])
        return np.concatenate([table.rows(), pieces]), Pieces.name, rule
    if state.method in (ZeroRow.name, MeanRow.name):
        vector = load_method(table, state).vectors(["x"])
        return np.concatenate([table.rows(), vector]), state.method, ""
    if state.method != UnkRow.name:
        _LOG.warning(
            "oov %s cannot be exported to ONNX: words with neither a row nor a fallback get the "
            "unk row; a model trained with oov pieces keeps its predictions",
            state.method,
        )
    return table.rows(), UnkRow.name, ""


def _metadata(trained: TrainedNetwork, oov: str, tokenizer: str) -> dict[str, str]:
    vocabulary = trained.table.vocabulary
    described: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "wordgraft": __version__,
        "plan": asdict(trained.plan),
        "rows": len(vocabulary),
        "kind": vocabulary.kind,
        "roles": dict(vocabulary.roles),
        "empty": np.flatnonzero(trained.table.provenance.empty).tolist(),
        "oov": oov,
    }
    if trained.labels is None:
        described["tags"] = trained.tags
        described["transitions"] = {
            name: trained.weights[f"head.crf.{name}transitions"].tolist()
            for name in ("start_", "", "end_")
        }
    else:
        labels = trained.labels
        described["labels"] = {"classes": labels.classes.tolist(), "matrix": labels.matrix}
    return {
        "wordgraft": json.dumps(described),
        "tokenizer": vocabulary.tokenizer.to_str(),
        "pieces": tokenizer,
    }


def _serialized(graph: GraphBuilder, plan: GraphPlan, metadata: dict[str, str]) -> bytes:
    onnx = require("onnx", purpose="writing ONNX")
    helper, kind = onnx.helper, onnx.TensorProto
    shapes: dict[str, list[str | int]] = {
        "ids": ["texts", "length"],
        "lengths": ["texts"],
        "parts": ["unknown", "most"],
    }
    if plan.casing:
        shapes["casing"] = ["texts", "length"]
    if plan.letters:
        shapes["letters"] = ["texts", "length", "letters"]
    inputs = [helper.make_tensor_value_info(name, kind.INT64, s) for name, s in shapes.items()]
    out = ("logits", ["texts", "length", "tags"])
    if not plan.per_word:
        out = ("probabilities", ["texts", "classes"])
    outputs = [helper.make_tensor_value_info(out[0], kind.FLOAT, out[1])]
    arrays = [onnx.numpy_helper.from_array(array, name) for name, array in graph.arrays.items()]
    whole = helper.make_model(
        helper.make_graph(graph.nodes, "wordgraft", inputs, outputs, arrays),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="wordgraft",
        producer_version=__version__,
    )
    helper.set_model_props(whole, metadata)
    onnx.checker.check_model(whole)
    content: bytes = whole.SerializeToString()
    return content


def _compare(
    written: OnnxModel, network: Any, plan: GraphPlan, rows: Float32[ndarray, "rows dims"]
) -> None:
    """Raise `OutputError` unless ONNX gives the outputs of PyTorch on texts of random words."""
    import torch

    from wordgraft.grafts.torch import embedding_of
    from wordgraft.networks.inputs import NetworkInputs
    from wordgraft.networks.rows import EmbeddingRows

    rng = np.random.default_rng(0)
    lengths = np.array([0, 1, *rng.integers(1, _MAX_LENGTH, _TEXTS - 2)], np.int64)
    parts = rng.integers(1, len(rows), (4, 3))
    parts[0, 1:] = 0
    means = np.stack([rows[word_rows[word_rows > 0]].mean(axis=0) for word_rows in parts])
    ids = rng.integers(1, len(rows) + len(parts), int(lengths.sum()))
    extras = {}
    if plan.casing:
        extras["casing"] = rng.integers(0, 8, len(ids))
    if plan.letters:
        extras["letters"] = rng.integers(0, 512, (len(ids), 24))
    layer = embedding_of(np.concatenate([rows, means.astype(np.float32)]))
    network = network.regrafted(EmbeddingRows(layer)).eval()
    tensors = {name: torch.from_numpy(values) for name, values in extras.items()}
    with torch.inference_mode():
        inputs = NetworkInputs(torch.from_numpy(ids), torch.from_numpy(lengths), tensors)
        logits = network(inputs)
        expected = logits.numpy() if plan.per_word else network.predict(logits, inputs)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    blocks = {
        name: Ragged(values, offsets).padded() for name, values in {"ids": ids, **extras}.items()
    }
    outputs = written.run({**blocks, "lengths": lengths, "parts": parts})
    if plan.per_word:
        outputs = outputs[np.arange(outputs.shape[1]) < lengths[:, None]]
    difference = float(np.abs(outputs - expected).max())
    if not difference <= _TOLERANCE:
        raise OutputError(
            f"outputs of ONNX Runtime differ from PyTorch by up to {difference:.2g}, expected at "
            f"most {_TOLERANCE:g}; no file was written: try another version of onnxruntime"
        )
