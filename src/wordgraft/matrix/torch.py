"""Embedding layers inside an `nn.Module`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wordgraft.core.optional import require
from wordgraft.errors import TableError
from wordgraft.matrix.slot import no_such_layer

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float32
    from numpy import ndarray
    from torch import nn
else:
    torch = require("torch", purpose="grafting into a PyTorch model")
    nn = torch.nn


@dataclass(frozen=True, eq=False)
class TorchSlot:
    """An `nn.Embedding` or `nn.EmbeddingBag` of a module, found by its dotted name."""

    model: nn.Module
    name: str
    layer: nn.Embedding | nn.EmbeddingBag

    @classmethod
    def find(cls, model: nn.Module, name: str) -> TorchSlot:
        """The layer of that name. Raises `TableError` with the nearest names."""
        modules = dict(model.named_modules(remove_duplicate=False))
        layer = modules.get(name)
        if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
            if layer.weight.is_meta:
                raise TableError(
                    f"the layer {name!r} is on the meta device and has no memory: load or "
                    "materialize the model first (model.to_empty(device=...))"
                )
            return cls(model, name, layer)
        names = [
            other
            for other, module in modules.items()
            if isinstance(module, nn.Embedding | nn.EmbeddingBag)
        ]
        kind = "there is no such module" if layer is None else f"it is a {type(layer).__name__}"
        raise no_such_layer(name, names, kind)

    @property
    def padding(self) -> int | None:
        return self.layer.padding_idx

    @property
    def weights(self) -> Float32[ndarray, "rows dims"]:
        weights: Float32[ndarray, "rows dims"] = (
            self.layer.weight.detach().to("cpu", torch.float32, copy=True).numpy()
        )
        return weights

    def write(self, vectors: Float32[ndarray, "rows dims"], *, trainable: bool) -> list[str]:
        weight = self.layer.weight
        with torch.no_grad():
            weight.copy_(torch.from_numpy(vectors))
        weight.requires_grad_(trainable)
        own = f"{self.name}.weight" if self.name else "weight"
        parameters = self.model.named_parameters(remove_duplicate=False)
        tied = [name for name, other in parameters if other is weight and name != own]
        notes = []
        if tied:
            frozen = "" if trainable else " and are frozen too"
            notes.append(f"tied to {', '.join(tied)}, which hold the same rows{frozen}")
        if self.layer.max_norm is not None:
            notes.append(
                f"the layer has max_norm={self.layer.max_norm:g}: it shortens longer rows when "
                "they are read"
            )
        return notes


def parameter_groups(model: nn.Module, name: str, rate: float) -> list[dict[str, Any]]:
    """The layer's rows with a learning rate of their own, then all other parameters that learn."""
    slot = TorchSlot.find(model, name)
    rows = slot.layer.weight.requires_grad_(True)
    others = [other for other in model.parameters() if other.requires_grad and other is not rows]
    groups: list[dict[str, Any]] = [{"params": [rows], "lr": rate}]
    return [*groups, {"params": others}] if others else groups
