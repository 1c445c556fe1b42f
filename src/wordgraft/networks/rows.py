"""First layers: the rows of a table, and vectors that were computed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.networks.inputs import NetworkInputs, Sequences

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from numpy import ndarray


class EmbeddingRows(nn.Module):
    """The rows of a table: ids are row ids.

    Attributes:
        look_up: gives the vectors of ids instead of the layer, while `LazyRows` trains it.
    """

    def __init__(self, layer: nn.Embedding) -> None:
        super().__init__()
        self.layer = layer
        self.look_up: Callable[[Tensor], Tensor] | None = None

    def forward(self, inputs: NetworkInputs) -> Sequences:
        """One vector per id."""
        look_up = self.look_up or self.layer
        return Sequences(look_up(inputs.ids), inputs.lengths)


class Stored(Protocol):
    """Vectors of any float type, in memory or on disk, by their place."""

    def __getitem__(self, places: Int64[ndarray, " some"]) -> Float[ndarray, "some ..."]: ...


class FeatureRows(nn.Module):
    """Vectors computed before, which never learn: ids are their places."""

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self.stored = stored

    def forward(self, inputs: NetworkInputs) -> Sequences:
        """(tokens, layers, dims) as float32, or (tokens, dims) if there is one layer."""
        vectors = np.asarray(self.stored[inputs.ids.cpu().numpy()], np.float32)
        if vectors.shape[1] == 1:
            vectors = vectors[:, 0]
        return Sequences(torch.from_numpy(vectors).to(inputs.ids.device), inputs.lengths)
