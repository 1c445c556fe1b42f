"""A table as the first layer of a PyTorch network.

layer = wordgraft.grafts.torch.embedding(table, trainable=False)
hidden = layer(ids)  # (batch, length, dims); padding is id 0, a row of zeros
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wordgraft.extras import require
from wordgraft.grafts.seen import SeenRows
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from typing import Literal

    import torch
    from jaxtyping import Float32
    from numpy import ndarray
    from torch import nn
else:
    torch = require("torch", purpose="grafting onto PyTorch")
    nn = torch.nn


def embedding(
    table: EmbeddingTable,
    *,
    trainable: bool,
    seen: SeenRows | None = None,
    dtype: torch.dtype = torch.float32,
) -> nn.Embedding:
    """An `nn.Embedding` whose row `i` is the table's row `i`, exactly.

    Args:
        trainable: whether training changes the rows. The padding never changes.
        seen: only these rows, for ids that `seen.renumbered` has numbered anew.
        dtype: of the layer's rows; int8 tables are multiplied by their scales.
    """
    weight = _weight(table, seen, dtype)
    layer: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        weight, freeze=not trainable, padding_idx=0
    )
    return layer


def embedding_bag(
    table: EmbeddingTable,
    *,
    trainable: bool,
    seen: SeenRows | None = None,
    dtype: torch.dtype = torch.float32,
    mode: Literal["mean", "sum", "max"] = "mean",
) -> nn.EmbeddingBag:
    """An `nn.EmbeddingBag` of the table's rows; padding does not count in a bag.

    The arguments are those of `embedding`; `mode` says how a bag's rows become one vector.
    """
    weight = _weight(table, seen, dtype)
    return nn.EmbeddingBag.from_pretrained(weight, freeze=not trainable, padding_idx=0, mode=mode)


def bag_of(vectors: Float32[ndarray, "rows dims"]) -> nn.EmbeddingBag:
    """A frozen `nn.EmbeddingBag` of loose vectors, padding first; it shares their memory."""
    return nn.EmbeddingBag.from_pretrained(torch.from_numpy(vectors), padding_idx=0)


def write_back(
    table: EmbeddingTable, layer: nn.Embedding | nn.EmbeddingBag, *, seen: SeenRows | None = None
) -> EmbeddingTable:
    """The table with a trained layer's rows in place of its own, as float32.

    `seen` is what the layer was made with. Provenance says `trained` for these rows.
    """
    rows = np.arange(len(table)) if seen is None else seen.rows
    weight = layer.weight.detach().to("cpu", torch.float32).numpy()
    return table.with_rows(rows, weight, source="trained")


def _weight(table: EmbeddingTable, seen: SeenRows | None, dtype: torch.dtype) -> torch.Tensor:
    # A copy: training must change neither the table nor the file it may be mapped from.
    rows = np.array(table.rows() if seen is None else table.rows(seen.rows))
    return torch.from_numpy(rows).to(dtype)
