"""Embedding layers inside a Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.errors import TableError
from wordgraft.grafts.keras.library import keras
from wordgraft.matrix.slot import no_such_layer

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class KerasSlot:
    """A `keras.layers.Embedding` of a model, found by its name; names inside models are dotted."""

    model: Any
    name: str
    layer: Any

    @classmethod
    def find(cls, model: Any, name: str) -> KerasSlot:
        """The layer of that name. Raises `TableError` with the nearest names."""
        layers = dict(_layers(model, ""))
        layer = layers.get(name)
        if isinstance(layer, keras.layers.Embedding):
            if getattr(layer, "quantization_mode", None):
                raise TableError(
                    f"the layer {name!r} is quantized to {layer.quantization_mode}; graft before "
                    "you quantize the model"
                )
            if not layer.built:
                layer.build()
            return cls(model, name, layer)
        names = [other for other, of in layers.items() if isinstance(of, keras.layers.Embedding)]
        kind = "there is no such layer" if layer is None else f"it is a {type(layer).__name__}"
        raise no_such_layer(name, names, kind)

    @property
    def padding(self) -> int | None:
        return 0 if self.layer.mask_zero else None

    @property
    def weights(self) -> Float32[ndarray, "rows dims"]:
        rows = keras.ops.convert_to_numpy(keras.ops.cast(self.layer.embeddings, "float32"))
        return np.array(rows, np.float32)

    def write(self, vectors: Float32[ndarray, "rows dims"], *, trainable: bool) -> list[str]:
        self.layer.embeddings.assign(vectors)
        was_trainable, self.layer.trainable = self.layer.trainable, trainable
        if trainable != was_trainable and getattr(self.model, "compiled", False):
            return ["compile the model again: whether this layer learns has changed"]
        return []


def _layers(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Each layer below a model, by its dotted name and by the attribute that holds it."""
    for layer in getattr(model, "layers", ()):
        yield f"{prefix}{layer.name}", layer
        yield from _layers(layer, f"{prefix}{layer.name}.")
    # On PyTorch, attributes that are layers are stored as modules.
    for attribute, layer in (vars(model) | vars(model).get("_modules", {})).items():
        if isinstance(layer, keras.Layer) and not attribute.startswith("_"):
            yield f"{prefix}{attribute}", layer
            yield from _layers(layer, f"{prefix}{attribute}.")
