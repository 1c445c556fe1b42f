"""`TextModel`: what a classifier and a tagger share, as scikit-learn sees it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wordgraft.checkpoint.encoder import device_of
from wordgraft.core.optional import require
from wordgraft.estimators.first_layers import (
    EncoderLayer,
    FirstLayer,
    FittedLayer,
    TableLayer,
    Text,
    as_first_layer,
)
from wordgraft.estimators.fitting import predict_texts
from wordgraft.estimators.io import load_model, save_model
from wordgraft.estimators.resolved import resolve
from wordgraft.oov import TextRows
from wordgraft.table import EmbeddingTable
from wordgraft.training.record import RunRecord
from wordgraft.training.settings import TrainingSettings

if TYPE_CHECKING:
    from numpy import ndarray
    from sklearn.base import BaseEstimator

    from wordgraft.networks.network import Network
    from wordgraft.training.examples import Examples
else:
    BaseEstimator = require("sklearn.base", purpose="training").BaseEstimator


class TextModel(BaseEstimator):  # type: ignore[misc]
    """A network on a first layer, as a scikit-learn estimator.

    Subclasses name their arguments in `__init__`, as scikit-learn requires, and set `per_word`.
    """

    per_word: ClassVar[bool] = False
    first_layer: FirstLayer | EmbeddingTable | str | Path
    training: TrainingSettings | None
    layer_: FittedLayer
    network_: Network
    record_: RunRecord

    def set_params(self, **params: Any) -> Self:
        """Set arguments by name, as in `hidden`, `first_layer__layers` or `training__epochs`.

        `training__...` needs no `TrainingSettings`, nor `first_layer__...` a `TableRows` around a
        table.
        """
        if self.training is None and any(name.startswith("training__") for name in params):
            self.training = TrainingSettings()
        if any(name.startswith("first_layer__") for name in params):
            self.first_layer = as_first_layer(params.pop("first_layer", self.first_layer))
        super().set_params(**params)
        return self

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the fitted model as a folder, completely or not at all, without pickles.

        Raises `OutputError` if `path` exists (unless `force`) or cannot be written.
        """
        save_model(self, Path(path), force=force)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Open a saved model. Raises `TrainingError` or `TableError` if it is damaged."""
        return load_model(Path(path), cls)

    def __getstate__(self) -> dict[str, Any]:
        """The state on the CPU, so that a machine without a GPU can open the pickle."""
        return on_device("cpu", super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        training = state.get("training") or TrainingSettings()
        super().__setstate__(on_device(training.device, state))

    @property
    def table_(self) -> EmbeddingTable:
        """The table as trained, if the first layer is one."""
        if not isinstance(self.layer_, TableLayer):
            raise AttributeError("this model has no table: its first layer is an encoder")
        return self.layer_.table

    @property
    def unknown_(self) -> TextRows | None:
        """The out-of-vocabulary words of the texts last read; None without a table."""
        return self.layer_.unknown if isinstance(self.layer_, TableLayer) else None

    @property
    def label_names(self) -> list[str]:
        """The classes or tags, as strings."""
        return [str(name) for name in (self.tags_ if self.per_word else self.classes_)]

    def _predictions(self, texts: Sequence[Text]) -> tuple[ndarray, Examples]:
        return predict_texts(resolve(self), self.layer_, self.network_, texts)


def on_device(device: str, state: dict[str, Any]) -> dict[str, Any]:
    """An estimator's state; if its encoder is on another device than this one, a copy on it."""
    layer = state.get("layer_")
    if not isinstance(layer, EncoderLayer) or layer.device == device_of(device):
        return state
    moved = layer.on(device_of(device))
    return {**state, "layer_": moved, "network_": deepcopy(state["network_"]).to(moved.device)}
