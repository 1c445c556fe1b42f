"""Embedding layers inside a Flax NNX module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import TableError
from wordgraft.grafts.nnx import Frozen
from wordgraft.matrix.slot import no_such_layer

if TYPE_CHECKING:
    from flax import nnx
    from jax import numpy as jnp
    from jaxtyping import Float32
    from numpy import ndarray
else:
    nnx = require("flax.nnx", purpose="grafting into a Flax model")
    jnp = require("jax.numpy", purpose="grafting into a Flax model")


@dataclass(frozen=True, eq=False)
class NnxSlot:
    """An `nnx.Embed` of a module, found by its dotted name."""

    model: Any
    name: str
    layer: nnx.Embed

    @classmethod
    def find(cls, model: Any, name: str) -> NnxSlot:
        """The layer of that name. Raises `TableError` with the nearest names."""
        modules = dict(_modules(model))
        layer = modules.get(name)
        if isinstance(layer, nnx.Embed):
            return cls(model, name, layer)
        names = [other for other, module in modules.items() if isinstance(module, nnx.Embed)]
        kind = "there is no such module" if layer is None else f"it is a {type(layer).__name__}"
        raise no_such_layer(name, names, kind)

    @property
    def padding(self) -> int | None:
        return None

    @property
    def weights(self) -> Float32[ndarray, "rows dims"]:
        return np.array(self.layer.embedding[...], np.float32)

    def write(self, vectors: Float32[ndarray, "rows dims"], *, trainable: bool) -> list[str]:
        old = self.layer.embedding
        others = [
            name
            for name, module in _modules(self.model)
            if module is not self.layer and any(value is old for value in vars(module).values())
        ]
        rows = jnp.asarray(vectors, old[...].dtype)
        if trainable == isinstance(old, nnx.Param):
            old[...] = rows
        elif others:
            raise TableError(
                f"the rows of {self.name!r} are shared with {', '.join(others)}, so they cannot be "
                f"{'made trainable' if trainable else 'frozen'} for one layer alone: pass "
                f"trainable={not trainable}"
            )
        else:
            self.layer.embedding = nnx.Param(rows) if trainable else Frozen(rows)  # type: ignore[assignment]
        return [f"shared with {', '.join(others)}, which hold the same rows"] if others else []


def _modules(model: Any) -> Iterator[tuple[str, Any]]:
    for path, module in nnx.iter_modules(model):
        yield ".".join(map(str, path)), module
