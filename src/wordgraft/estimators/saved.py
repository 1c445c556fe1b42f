"""What is in the folder of a trained model, read without PyTorch and without scikit-learn.

`io.py` describes the folder, writes it, and makes an estimator of it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import sha256
from wordgraft.data.labels import Labels
from wordgraft.errors import TrainingError

if TYPE_CHECKING:
    from numpy import ndarray

FORMAT_VERSION = 3
MARKER = "model.json"
NETWORK_FILE = "network.safetensors"
SEEN = "wordgraft.seen"  # an array beside the weights: the training entities
_PARTS = ("task", "arguments", "training", "first_layer", "record")


@dataclass(frozen=True, eq=False)
class SavedModel:
    """The folder of a trained model, as `model.json` describes it.

    Attributes:
        path: the folder.
        task: `classify` or `tag`.
        arguments, training: of the estimator, and its training settings, by name.
        first_layer: its kind, its options, and what else the layer saved.
        record: of the run that trained it; see `RunRecord`.
        labels: of a classifier, None for a tagger.
        tags: of a tagger, in IOB2; empty for a classifier.
        weights_hash: SHA-256 of the file of weights.
    """

    path: Path
    task: str
    arguments: dict[str, Any]
    training: dict[str, Any]
    first_layer: dict[str, Any]
    record: dict[str, Any]
    labels: Labels | None
    tags: list[str]
    weights_hash: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises `TrainingError` if `path` is not such a folder or is of a later format."""
        if not (path / MARKER).is_file():
            reason = "there is no such folder" if not path.is_dir() else f"it has no {MARKER}"
            raise TrainingError(
                f"{path} is not a trained model: {reason}; make one with 'wordgraft train'"
            )
        try:
            description: dict[str, Any] = json.loads((path / MARKER).read_text("utf-8"))
            version = int(description["format"])
            if version > FORMAT_VERSION:
                raise TrainingError(
                    f"{path} has format {version}, this wordgraft reads up to {FORMAT_VERSION}: "
                    "pip install --upgrade wordgraft"
                )
            parts = {part: description[part] for part in _PARTS}
            saved, labels, tags = description["labels"], None, []
            if parts["task"] == "tag":
                tags = list(saved["tags"])
            else:
                labels = Labels(np.array(saved["classes"]), saved["multi"], saved["matrix"])
            weights_hash = description["sha256"][NETWORK_FILE]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path / MARKER} cannot be read ({error}); train again") from error
        return cls(path, **parts, labels=labels, tags=tags, weights_hash=weights_hash)

    def arrays(self) -> dict[str, ndarray]:
        """The weights above the first layer by PyTorch's names; of a tagger, `SEEN` too.

        Raises `TrainingError` if the file is missing or is not what was saved.
        """
        file = self.path / NETWORK_FILE
        if not file.is_file() or sha256(file) != self.weights_hash:
            raise TrainingError(
                f"{file} is missing or is not what was saved (its hash differs from the one in "
                f"{MARKER}); copy the folder again or train again"
            )
        return dict(Tensors([file]))


def task_in(path: Path) -> str:
    """The task of the model in a folder: `classify` or `tag`. Raises `TrainingError`."""
    return SavedModel.read(path).task
