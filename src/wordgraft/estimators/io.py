"""A trained model on disk.

news.model/
  network.safetensors   body and head
  table/                the rows, as trained: a table like any other (not of network `features`)
  config.json, model.safetensors, tokenizer.json, ...
                        of network `encoder`: a checkpoint as transformers' own classes load it
  forgetting.json, forgetting.html
                        the report of what it forgot, where one was asked for, and its plot
  model.json            format version, task, arguments, labels, the run's record, the weights' hash
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import new_folder, sha256, write_tensors
from wordgraft.core.optional import require
from wordgraft.data.labels import Labels
from wordgraft.errors import CheckpointError, TrainingError
from wordgraft.estimators.base import Grafted, checked_fitted
from wordgraft.estimators.first_layers.encoder import EncoderLayer
from wordgraft.estimators.first_layers.table import FeatureLayer, FirstLayer, TableLayer
from wordgraft.table import EmbeddingTable
from wordgraft.training import RunRecord

FORMAT_VERSION = 2
MARKER = "model.json"
_NETWORK = "network.safetensors"
_SEEN = "wordgraft.seen"  # an array beside the weights: the training entities
# Not part of what a model is: the table says where its rows came from, the record the seed.
_LEFT_OUT = (
    *("table", "checkpoint", "cache", "progress", "random_state", "label_words"),
    *("regularizer", "forgetting", "keep", "resume", "tune", "teacher"),
)

_Model = TypeVar("_Model", bound=Grafted)


def save_model(model: Grafted, path: Path, *, force: bool = False) -> None:
    """Write a fitted classifier or tagger as the folder `path`, whole or not at all."""
    checked_fitted(model)
    arguments = model.get_params(deep=False)
    with new_folder(path, force=force, marker=MARKER) as folder:
        arrays = {name: t.cpu().numpy() for name, t in model.network_.state_dict().items()}
        if model.per_word:
            arrays[_SEEN] = np.array(sorted(model.seen_), np.uint64)
        write_tensors(folder / _NETWORK, arrays)
        description = {
            "format": FORMAT_VERSION,
            "task": task_of(type(model)),
            "arguments": {k: v for k, v in arguments.items() if k not in _LEFT_OUT},
            "first_layer": model.layer_.save(
                folder,
                model.network_,
                model.label_names,
                multi=getattr(model, "multilabel_", False),
            ),
            "labels": _labels_kept(model),
            "record": model.record_.as_dict(),
            "sha256": {_NETWORK: sha256(folder / _NETWORK)},
        }
        if hasattr(model, "forgetting_"):
            model.forgetting_.write(folder)
        # A search over np.arange(...) leaves NumPy's numbers among the arguments.
        text = json.dumps(description, indent=2, default=_plain)
        (folder / MARKER).write_text(text + "\n", "utf-8")


def load_model(path: Path, kind: type[_Model]) -> _Model:
    """Open the folder `path`. Raises `TrainingError` or `TableError` when it is damaged.

    And `TrainingError` for a model of the other task.
    """
    description = _description(path)
    if description["task"] != task_of(kind):
        raise TrainingError(
            f"{path} is a model of task {description['task']!r}; open it with "
            f"{'SequenceTagger' if description['task'] == 'tag' else 'TextClassifier'}.load"
        )
    weights = path / _NETWORK
    if not weights.is_file() or sha256(weights) != description["sha256"].get(_NETWORK):
        raise TrainingError(
            f"{weights} is missing or not what was saved (its hash differs from the one in "
            f"{MARKER}); copy the folder again or train anew"
        )
    arrays = dict(Tensors([weights]))
    try:
        model = kind(**description["arguments"])
        model.layer_ = _first_layer(model, path, description["first_layer"])
        if isinstance(model.layer_, TableLayer):
            model.table = model.layer_.table
        _give_labels(model, description["labels"], arrays.pop(_SEEN, None))
        model.record_ = _record(description["record"])
        model.network_ = _network(model, arrays)
    except (KeyError, TypeError, RuntimeError) as error:
        raise TrainingError(f"{path} does not hold together ({error}); train anew") from error
    return model


def task_in(path: Path) -> str:
    """The task of the model in a folder: `classify` or `tag`. Raises `TrainingError`."""
    return str(_description(path)["task"])


def task_of(kind: type[Grafted]) -> str:
    """The name of a kind of model's task."""
    return "tag" if kind.per_word else "classify"


def _labels_kept(model: Any) -> dict[str, Any]:
    if model.per_word:
        return {"tags": model.tags_}
    labels = model.labels_
    return {"classes": labels.classes.tolist(), "multi": labels.multi, "matrix": labels.matrix}


def _give_labels(model: Any, kept: dict[str, Any], seen: Any) -> None:
    if model.per_word:
        model.tags_, model.seen_ = list(kept["tags"]), set(seen.tolist())
    else:
        model.labels_ = Labels(np.array(kept["classes"]), kept["multi"], kept["matrix"])


def _first_layer(model: Any, path: Path, kept: dict[str, Any]) -> FirstLayer:
    if kept["kind"] == "table":
        table = EmbeddingTable.load(path / "table")
        return TableLayer(table, oov=model.oov, init=model.init, trainable=False)
    if kept["kind"] == "encoder":
        return _encoder_layer(path, kept, model.device)
    try:
        checkpoint = open_checkpoint(kept["checkpoint"])
    except CheckpointError as error:
        raise TrainingError(
            f"{path} reads the frozen encoder {kept['checkpoint']}, which is not there: {error}"
        ) from error
    if checkpoint.sha256 != kept["weights"]:
        raise TrainingError(
            f"{path} was trained on {kept['checkpoint']} with other weights than are there now; "
            "bring those back, or train anew"
        )
    return FeatureLayer(
        checkpoint,
        layers=kept["layers"],
        pooling=kept["pooling"],
        cache=model.cache,
        device=model.device,
    )


def _encoder_layer(path: Path, kept: dict[str, Any], device: str) -> EncoderLayer:
    checkpoint = open_checkpoint(path)
    if checkpoint.sha256 != kept["weights"]:
        raise TrainingError(
            f"the encoder's weights in {path} are not what was saved (their hash differs from the "
            f"one in {MARKER}); copy the folder again or train anew"
        )
    return EncoderLayer(checkpoint, words=kept["words"], device=device)


def _network(model: Any, arrays: dict[str, Any]) -> Any:
    torch = require("torch", purpose="running a network")
    network = model._build(model.layer_, torch.nn.Identity(), model._head(), seed=0)
    network.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in arrays})
    return network.eval()


def _record(content: dict[str, Any]) -> RunRecord:
    known = {field.name for field in fields(RunRecord)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.items()
        if name in known
    }
    return RunRecord(**values)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else list(value)


def _description(path: Path) -> dict[str, Any]:
    if not (path / MARKER).is_file():
        found = "there is no such folder" if not path.is_dir() else f"it has no {MARKER}"
        raise TrainingError(f"{path} is no trained model: {found}; make one with 'wordgraft train'")
    try:
        description: dict[str, Any] = json.loads((path / MARKER).read_text("utf-8"))
        version = int(description["format"])
        if version > FORMAT_VERSION:
            raise TrainingError(
                f"{path} has format {version}, this wordgraft reads up to {FORMAT_VERSION}: "
                "pip install --upgrade wordgraft"
            )
        for key in ("task", "arguments", "first_layer", "labels", "record", "sha256"):
            description[key]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path / MARKER} cannot be read ({error}); train anew") from error
    return description
