"""What a graph is made of: a trained network as NumPy arrays, from memory or from a saved model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordgraft.data.labels import Labels
from wordgraft.errors import OutputError, TrainingError
from wordgraft.estimators.first_layers import (
    FIRST_LAYERS,
    FirstLayer,
    LayerContext,
    TableLayer,
    TableRows,
    as_first_layer,
)
from wordgraft.estimators.saved import SavedModel
from wordgraft.export.onnx.graph import GraphPlan
from wordgraft.oov import OovMethod
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from numpy import ndarray

    from wordgraft.estimators.base import TextModel


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained classifier or tagger on the rows of a table.

    Attributes:
        plan: the structure of its graph.
        table: as trained.
        oov: the method for out-of-vocabulary words, or its name; the table's own if None.
        weights: of body and head, by PyTorch's names.
        labels: of a classifier, None for a tagger.
        tags: of a tagger, in IOB2; empty for a classifier.
    """

    plan: GraphPlan
    table: EmbeddingTable
    oov: OovMethod | str | None
    weights: Mapping[str, ndarray]
    labels: Labels | None
    tags: list[str]

    @classmethod
    def of_model(cls, model: TextModel) -> TrainedNetwork:
        """Of a fitted estimator. Raises `OutputError` unless its first layer is a table."""
        layer: Any = model.layer_
        if not isinstance(layer, TableLayer):
            raise _not_on_rows(type(as_first_layer(model.first_layer)))
        weights = {name: tensor.numpy() for name, tensor in model.network_.state_dict().items()}
        labels: Labels | None = None if model.per_word else model.labels_
        plan = _plan(model.record_.network, labels, weights)
        tags = list(model.tags_) if model.per_word else []
        return cls(plan, layer.table, layer.oov, weights, labels, tags)

    @classmethod
    def of_folder(cls, path: Path) -> TrainedNetwork:
        """Of a saved model, read with NumPy alone.

        Raises `OutputError` unless its first layer is a table, and `TrainingError` or `TableError`
        if the folder is damaged.
        """
        saved = SavedModel.read(path)
        try:
            kind, name = FIRST_LAYERS[saved.first_layer["kind"]], str(saved.record["network"])
            if not issubclass(kind, TableRows):
                raise _not_on_rows(kind)
            context = LayerContext(per_word=saved.task == "tag")
            _, layer = kind.opened(path, saved.first_layer, context)
        except (KeyError, TypeError) as error:
            raise TrainingError(f"{path} is inconsistent ({error}); train again") from error
        weights = saved.arrays()
        plan = _plan(name, saved.labels, weights)
        return cls(plan, layer.table, layer.oov, weights, saved.labels, saved.tags)


def _plan(name: str, labels: Labels | None, weights: Mapping[str, ndarray]) -> GraphPlan:
    if labels is not None:
        return GraphPlan(name, per_word=False, multi=labels.multi)
    # What is joined to a word's vector, by its weights: casing has no filters.
    tables = {weight.removesuffix("table.weight") for weight in weights if _is_joined(weight)}
    letters = {part for part in tables if f"{part}filters.weight" in weights}
    return GraphPlan(name, per_word=True, casing=tables > letters, letters=bool(letters))


def _is_joined(weight: str) -> bool:
    return weight.startswith("body.parts.") and weight.endswith(".table.weight")


def _not_on_rows(first_layer: type[FirstLayer]) -> OutputError:
    return OutputError(
        f"a model on {first_layer.__name__} cannot be exported to ONNX; only models on TableRows "
        "can"
    )
