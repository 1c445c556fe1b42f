"""A classifier on disk.

news.model/
  network.safetensors   the head's weights
  table/                the rows, as trained: a table like any other
  model.json            format version, arguments, classes, the run's record, hash of the weights
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.errors import CheckpointError, TrainingError
from wordgraft.extras import require
from wordgraft.storage import new_folder, sha256, write_tensors
from wordgraft.table import EmbeddingTable
from wordgraft.table.files import write_table
from wordgraft.training import RunRecord

if TYPE_CHECKING:
    from wordgraft.tasks.classify import TextClassifier

FORMAT_VERSION = 1
MARKER = "model.json"
_NETWORK = "network.safetensors"
_TABLE = "table"
# Not part of what a classifier is: the table says where its rows came from, the record the seed.
_LEFT_OUT = ("table", "progress", "random_state")


def save_classifier(classifier: TextClassifier, path: Path, *, force: bool = False) -> None:
    """Write a fitted classifier as the folder `path`, whole or not at all."""
    require("sklearn.utils.validation", purpose="saving").check_is_fitted(classifier)
    arguments = classifier.get_params(deep=False)
    with new_folder(path, force=force, marker=MARKER) as folder:
        state = classifier.network_.state_dict()
        write_tensors(folder / _NETWORK, {name: t.numpy() for name, t in state.items()})
        (folder / _TABLE).mkdir()
        write_table(classifier.table_, folder / _TABLE)
        description = {
            "format": FORMAT_VERSION,
            "task": "classify",
            "arguments": {k: v for k, v in arguments.items() if k not in _LEFT_OUT},
            "classes": classifier.classes_.tolist(),
            "record": classifier.record_.as_dict(),
            "sha256": {_NETWORK: sha256(folder / _NETWORK)},
        }
        # A search over np.arange(...) leaves NumPy's numbers among the arguments.
        text = json.dumps(description, indent=2, default=lambda number: number.item())
        (folder / MARKER).write_text(text + "\n", "utf-8")


def load_classifier(path: Path) -> TextClassifier:
    """Open the folder `path`. Raises `TrainingError` or `TableError` when it is damaged."""
    from wordgraft.tasks.classify import TextClassifier

    description = _description(path)
    weights = path / _NETWORK
    if not weights.is_file() or sha256(weights) != description["sha256"].get(_NETWORK):
        raise TrainingError(
            f"{weights} is missing or not what was saved (its hash differs from the one in "
            f"{MARKER}); copy the folder again or train anew"
        )
    table = EmbeddingTable.load(path / _TABLE)
    try:
        classifier = TextClassifier(table, **description["arguments"])
        classifier.classes_ = np.array(description["classes"])
        classifier.table_ = table
        classifier.record_ = _record(description["record"])
        classifier.network_ = _network(classifier, weights)
    except (KeyError, TypeError, RuntimeError, CheckpointError) as error:
        raise TrainingError(f"{path} does not hold together ({error}); train anew") from error
    return classifier


def _network(classifier: TextClassifier, weights: Path) -> Any:
    torch = require("torch", purpose="running a network")
    from wordgraft.networks import NETWORKS

    network = NETWORKS[classifier.network](
        torch.nn.EmbeddingBag(1, classifier.table_.dims),
        len(classifier.classes_),
        hidden=classifier.hidden,
        dropout=classifier.dropout,
        seed=0,
    ).without_rows()
    arrays = Tensors([weights])
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


def _description(path: Path) -> dict[str, Any]:
    if not (path / MARKER).is_file():
        found = "there is no such folder" if not path.is_dir() else f"it has no {MARKER}"
        raise TrainingError(f"{path} is no trained model: {found}; make one with 'wordgraft train'")
    try:
        description: dict[str, Any] = json.loads((path / MARKER).read_text("utf-8"))
        version = int(description["format"])
        for key in ("arguments", "classes", "record", "sha256"):
            description[key]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path / MARKER} cannot be read ({error}); train anew") from error
    if version > FORMAT_VERSION:
        raise TrainingError(
            f"{path} has format {version}, this wordgraft reads up to {FORMAT_VERSION}: "
            "pip install --upgrade wordgraft"
        )
    return description
