"""A table as the first layer of a PyTorch network.

>>> from wordgraft.grafts.torch import embedding
>>> layer = embedding(table, trainable=False)
>>> layer(torch.tensor([[2, 3, 0]])).shape  # (batch, length, dims); id 0 is padding, all zeros
torch.Size([1, 3, 4])

`CharacterEmbedding` computes out-of-vocabulary words inside the network, and learns with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import TableError
from wordgraft.grafts.row_subset import RowSubset
from wordgraft.oov.blend.characters import spelling_of
from wordgraft.oov.blend.method import Blend, character_arrays, with_network
from wordgraft.table import EmbeddingTable, OovState
from wordgraft.table.affine import identity

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
    row_subset: RowSubset | None = None,
    dtype: torch.dtype = torch.float32,
) -> nn.Embedding:
    """An `nn.Embedding` whose row `i` is the table's row `i`, exactly.

    >>> layer = embedding(table, trainable=True)
    >>> bool((layer.weight.detach().numpy() == table.rows()).all())
    True

    Args:
        trainable: whether training changes the rows. The padding row never changes.
        row_subset: hold only these rows; the layer takes ids from `row_subset.renumbered`.
        dtype: dtype of the layer's rows; int8 tables are multiplied by their scales.
    """
    weight = _weight(table, row_subset, dtype)
    layer: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        weight, freeze=not trainable, padding_idx=0
    )
    return layer


def embedding_bag(
    table: EmbeddingTable,
    *,
    trainable: bool,
    row_subset: RowSubset | None = None,
    dtype: torch.dtype = torch.float32,
    mode: Literal["mean", "sum", "max"] = "mean",
) -> nn.EmbeddingBag:
    """An `nn.EmbeddingBag` of the table's rows; padding does not count in a bag.

    >>> bag = embedding_bag(table, trainable=False)
    >>> bag(torch.tensor([[2, 3, 0]])).shape  # (batch, dims)
    torch.Size([1, 4])

    Args:
        mode: how the rows of a bag become one vector. For the others see `embedding`.
    """
    weight = _weight(table, row_subset, dtype)
    return nn.EmbeddingBag.from_pretrained(weight, freeze=not trainable, padding_idx=0, mode=mode)


def embedding_of(vectors: Float32[ndarray, "rows dims"]) -> nn.Embedding:
    """A frozen `nn.Embedding` of vectors without a table, padding first; it shares their memory.

    >>> embedding_of(np.float32([[0, 0], [1, 2]]))(torch.tensor([1]))
    tensor([[1., 2.]])
    """
    layer: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        torch.from_numpy(vectors), padding_idx=0
    )
    return layer


def write_back(
    table: EmbeddingTable,
    layer: nn.Embedding | nn.EmbeddingBag,
    *,
    row_subset: RowSubset | None = None,
) -> EmbeddingTable:
    """The table with its rows replaced by a trained layer's, as float32.

    Provenance says `trained` for these rows.

    >>> layer = embedding(table, trainable=True)
    >>> _ = layer.weight.data.mul_(2)
    >>> bool((write_back(table, layer).rows() == 2 * table.rows()).all())
    True

    Args:
        row_subset: the one that the layer was made with.
    """
    rows = np.arange(len(table)) if row_subset is None else row_subset.rows
    weight = layer.weight.detach().to("cpu", torch.float32).numpy()
    return table.with_rows(rows, weight, source="trained")


class Prepared(NamedTuple):
    """Words as tensors: ids of letters, features of the pieces, and vectors from pieces alone."""

    letters: torch.Tensor
    inputs: torch.Tensor
    base: torch.Tensor


class CharacterEmbedding(nn.Module):
    """The character network of a `Blend` as a layer: maps any words into the table's space.

    Together with the rows of the table it makes one matrix for the ids of `TextReader.read`, which
    numbers out-of-vocabulary words after the table's own:
    `torch.cat([rows.weight, layer(reading.words)])[ids]`.

    `prepare` does everything that needs no gradient, so that a data loader can do it; `forward`
    takes its result, or words. Neither uses the fallbacks of `wordgraft.oov.fallbacks`, nor the
    gate and the neighbours of the `Blend`. The pieces' rows and the move of later refinements are
    constants.

    Args:
        table: one with a fitted `Blend`.
        trainable: whether training changes the network. Its dropout works in training mode only.

    Raises `TableError` for a table with another method. Example::

        layer = CharacterEmbedding(wg.with_oov(table, "blend"), trainable=True)
        vectors = layer(["unheard", "of"])  # (words, dims)
    """

    base: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor
    matrix: torch.Tensor
    shift: torch.Tensor

    def __init__(self, table: EmbeddingTable, *, trainable: bool) -> None:
        from wordgraft.oov.blend.network import CharacterNetwork

        super().__init__()
        state = _blend_of(table)
        arrays = character_arrays(state)
        self.spelling = spelling_of(arrays, state.settings)
        self.network = CharacterNetwork.from_arrays(arrays).requires_grad_(trainable)
        move = state.move or identity(len(arrays["mean"]))
        constants = {
            "base": self.spelling.weights,
            "mean": arrays["mean"],
            "scale": arrays["scale"],
            "matrix": move.matrix,
            "shift": move.shift,
        }
        for name, values in constants.items():
            self.register_buffer(name, torch.from_numpy(np.array(values)))

    def prepare(self, words: Sequence[str]) -> Prepared:
        """The tensors that the network reads, made without gradients."""
        read = (self.spelling.letters(words), *self.spelling.inputs(words))
        return Prepared(*(torch.from_numpy(array) for array in read))

    def forward(self, words: Sequence[str] | Prepared) -> torch.Tensor:
        """(words, dims) vectors of words, or of what `prepare` made of them."""
        ready = words if isinstance(words, Prepared) else self.prepare(words)
        letters, inputs, base = (part.to(self.mean.device) for part in ready)
        vectors: torch.Tensor = self.network(letters, inputs, base) / self.scale + self.mean
        return vectors @ self.matrix + self.shift

    def write_back(self, table: EmbeddingTable) -> EmbeddingTable:
        """The table with the network that it carries replaced by this trained one."""
        return replace(table, oov=with_network(_blend_of(table), self.network.arrays()))


def _blend_of(table: EmbeddingTable) -> OovState:
    state = table.oov
    if state is None or state.method != Blend.name:
        carried = state.method if state else "unk"
        raise TableError(
            f"this table carries oov {carried!r}, and a CharacterEmbedding needs blend: "
            "wordgraft.with_oov(table, 'blend')"
        )
    return state


def _weight(
    table: EmbeddingTable, row_subset: RowSubset | None, dtype: torch.dtype
) -> torch.Tensor:
    # A copy: training must change neither the table nor the file it may be mapped from.
    rows = np.array(table.rows() if row_subset is None else table.rows(row_subset.rows))
    return torch.from_numpy(rows).to(dtype)
