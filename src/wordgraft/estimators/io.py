"""A trained model on disk.

news.model/
  network.safetensors   the network above the first layer
  table/                of `TableRows`: the rows as trained, a table like any other
  config.json, model.safetensors, tokenizer.json, ...
                        of `Encoder`: a checkpoint as transformers' own classes load it
  model.json            format version, task, arguments, first layer, training settings, labels, the
                        run's record, the weights' hash
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from wordgraft.core.atomic_io import new_folder, sha256, write_tensors
from wordgraft.core.optional import require
from wordgraft.errors import TrainingError
from wordgraft.estimators.argument_checks import check_fitted
from wordgraft.estimators.building import build_network
from wordgraft.estimators.first_layers import FIRST_LAYERS, LayerContext, as_first_layer
from wordgraft.estimators.resolved import resolve
from wordgraft.estimators.saved import FORMAT_VERSION, MARKER, NETWORK_FILE, SEEN, SavedModel
from wordgraft.training.record import RunRecord
from wordgraft.training.settings import ENVIRONMENT, TrainingSettings

# Not part of what a model is: the record has the seed.
_LEFT_OUT = ("first_layer", "training", "progress", "random_state", "head_init", "teacher")

_Model = TypeVar("_Model")


def save_model(model: Any, path: Path, *, force: bool = False) -> None:
    """Write a fitted classifier or tagger as the folder `path`, completely or not at all."""
    check_fitted(model)
    arguments = model.get_params(deep=False)
    first_layer = as_first_layer(model.first_layer)
    training = (model.training or TrainingSettings()).get_params()
    with new_folder(path, force=force, marker=MARKER) as folder:
        arrays = {name: t.cpu().numpy() for name, t in model.network_.state_dict().items()}
        if model.per_word:
            arrays[SEEN] = np.array(sorted(model.seen_), np.uint64)
        write_tensors(folder / NETWORK_FILE, arrays)
        layer = model.layer_.save(
            folder, model.network_, model.label_names, multi=getattr(model, "multilabel_", False)
        )
        description = {
            "format": FORMAT_VERSION,
            "task": task_of(type(model)),
            "arguments": {k: v for k, v in arguments.items() if k not in _LEFT_OUT},
            "training": {k: v for k, v in training.items() if k not in ENVIRONMENT},
            "first_layer": {"kind": first_layer.kind, **first_layer.saved_options(), **layer},
            "labels": _labels_saved(model),
            "record": model.record_.as_dict(),
            "sha256": {NETWORK_FILE: sha256(folder / NETWORK_FILE)},
        }
        # A search over np.arange(...) leaves NumPy's numbers among the arguments.
        text = json.dumps(description, indent=2, default=_plain)
        (folder / MARKER).write_text(text + "\n", "utf-8")


def load_model(path: Path, kind: type[_Model]) -> _Model:
    """Open the folder `path`. Raises `TrainingError` or `TableError` if it is damaged.

    Also raises `TrainingError` for a model of the other task.
    """
    saved = SavedModel.read(path)
    if saved.task != task_of(kind):
        raise TrainingError(
            f"{path} is a model of task {saved.task!r}; open it with "
            f"{'SequenceTagger' if saved.task == 'tag' else 'TextClassifier'}.load"
        )
    arrays = saved.arrays()
    try:
        model = _opened(saved, kind)
        _give_labels(model, saved, arrays.pop(SEEN, None))
        model.record_ = _record(saved.record)
        model.network_ = _network(model, arrays)
    except (KeyError, TypeError, RuntimeError) as error:
        raise TrainingError(f"{path} is inconsistent ({error}); train again") from error
    loaded: _Model = model
    return loaded


def task_of(kind: Any) -> str:
    """The name of the task of a kind of model."""
    return "tag" if kind.per_word else "classify"


def _labels_saved(model: Any) -> dict[str, Any]:
    if model.per_word:
        return {"tags": model.tags_}
    labels = model.labels_
    return {"classes": labels.classes.tolist(), "multi": labels.multi, "matrix": labels.matrix}


def _give_labels(model: Any, saved: SavedModel, seen: Any) -> None:
    if model.per_word:
        model.tags_, model.seen_ = saved.tags, set(seen.tolist())
    else:
        model.labels_ = saved.labels


def _opened(saved: SavedModel, kind: Any) -> Any:
    """The estimator with its arguments and its first layer."""
    options, training = saved.first_layer, TrainingSettings(**saved.training)
    context = LayerContext(per_word=kind.per_word, device=training.device)
    first_layer, layer = FIRST_LAYERS[options["kind"]].opened(saved.path, options, context)
    model = kind(first_layer, training=training, **saved.arguments)
    model.layer_ = layer
    return model


def _network(model: Any, arrays: dict[str, Any]) -> Any:
    torch = require("torch", purpose="running a network")
    rows, head = torch.nn.Identity(), model.head_maker()
    network = build_network(resolve(model), model.layer_, rows, head, seed=0)
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
