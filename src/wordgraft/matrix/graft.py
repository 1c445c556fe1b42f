"""`graft`: put an embedding matrix into the layer of a model that exists."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import TableError, VocabularyError
from wordgraft.matrix.embedding_matrix import embedding_matrix, vectors_of, width_of
from wordgraft.matrix.entries import Entries
from wordgraft.matrix.report import MatrixReport
from wordgraft.matrix.slot import Slot
from wordgraft.matrix.special_entries import roles_of
from wordgraft.table import EmbeddingTable


def graft(
    model: Any,
    layer: str,
    checkpoint: Checkpoint | EmbeddingTable | str | Path,
    words: Any,
    *,
    trainable: bool = True,
    dims: int | None = None,
    scale: float | str | None = None,
    rows: int | None = None,
    special: Mapping[str, str] | None = None,
    **options: Any,
) -> MatrixReport:
    """Replace the rows of an embedding layer inside a model, in place.

    The layer keeps its padding, dtype, device and ties to other layers.

    Args:
        model: an `nn.Module`, a Keras model or an `nnx.Module`.
        layer: the name of the layer: dotted attributes (`encoder.embed`); in Keras, names of layers
            or attributes.
        checkpoint: where the vectors come from, as in `embedding_matrix`.
        words: the vocabulary of the model, as in `embedding_matrix`.
        trainable: whether training changes the rows from now on.
        dims: fit the vectors to the layer's width by PCA.
        scale: `like` for the spread of the rows that are replaced, or a root-mean-square.
        rows: rows of the layer, if it has more than the largest id plus 1; those without an entry
            become zeros.
        special: roles of special entries, as in `embedding_matrix`.
        options: `source`, `oov`, `refinements` and `progress` of `embedding_matrix`.

    Raises `TableError` for a layer that does not exist or has another size, and everything that
    `embedding_matrix` raises. The model is unchanged then.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Embedding(3, 4, padding_idx=0))
    >>> report = graft(model, "0", table, ["<pad>", "<unk>", "sun"], trainable=False)
    >>> bool((model[0].weight[2].numpy() == table["sun"]).all()), model[0].weight.requires_grad
    (True, False)
    """
    slot = _slot(model, layer)
    old = slot.weights
    entries = Entries.of(words)
    origin = vectors_of(checkpoint, options.get("source"))
    width = width_of(origin, options.get("source")) if dims is None else dims
    _check_size(layer, old.shape, (max(entries.rows, rows or 0), width), given=dims)
    _check_padding(layer, slot.padding, entries, special)
    if isinstance(scale, str) and scale != "like":
        raise TableError(f"scale is {scale!r}; expected 'like' or a number")
    matrix = embedding_matrix(
        origin,
        entries,
        dims=dims,
        scale=old if isinstance(scale, str) else scale,
        rows=rows,
        special=special,
        **options,
    )
    _check_size(layer, old.shape, matrix.shape, given=dims)
    notes = slot.write(matrix.vectors, trainable=trainable)
    return replace(matrix.report, notes=(*matrix.report.notes, *notes))


def unfreeze(model: Any, layer: str, *, rate: float) -> list[dict[str, Any]]:
    """Let a grafted layer of a PyTorch model learn, at a rate of its own.

    Returns parameter groups for an optimizer: the layer's rows at `rate`, then all other parameters
    that learn, at the optimizer's own rate.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Embedding(3, 4), torch.nn.Linear(4, 2))
    >>> groups = unfreeze(model, "0", rate=1e-4)
    >>> optimizer = torch.optim.AdamW(groups, lr=1e-3)
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.0001, 0.001]

    Raises `TableError` for a layer that does not exist, and for a model of another framework.
    """
    if _framework(model) != "torch":
        raise TableError(
            "parameter groups are PyTorch's: in Keras set layer.trainable = True and compile the "
            "model again; in Flax call graft with trainable=True, and give the optimizer a mask"
        )
    from wordgraft.matrix.torch import parameter_groups

    return parameter_groups(model, layer, rate)


def _slot(model: Any, layer: str) -> Slot:
    framework = _framework(model)
    if framework == "keras":
        from wordgraft.matrix.keras import KerasSlot

        return KerasSlot.find(model, layer)
    if framework == "torch":
        from wordgraft.matrix.torch import TorchSlot

        return TorchSlot.find(model, layer)
    from wordgraft.matrix.nnx import NnxSlot

    return NnxSlot.find(model, layer)


def _framework(model: Any) -> str:
    """Which framework a model belongs to; only those that are loaded are asked."""
    keras, torch, flax = (sys.modules.get(name) for name in ("keras", "torch", "flax.nnx"))
    # On PyTorch, a Keras model is an nn.Module too.
    if keras is not None and isinstance(model, keras.Layer):
        return "keras"
    if torch is not None and isinstance(model, torch.nn.Module):
        return "torch"
    if flax is not None and isinstance(model, flax.Module):
        return "nnx"
    raise TableError(
        f"the model is a {type(model).__module__}.{type(model).__name__}; expected a PyTorch "
        "nn.Module, a Keras model or a Flax nnx.Module"
    )


def _check_size(
    layer: str, old: tuple[int, ...], new: tuple[int, int], *, given: int | None
) -> None:
    rows, dims = old
    faults = []
    if new[1] != dims:
        what = f"its vectors have {dims:,} numbers, these {new[1]:,}"
        if given is None and new[1] > dims:
            faults.append(f"{what}: pass dims={dims} to fit them by PCA")
        else:
            faults.append(f"{what}: make a layer of {new[1]:,}, or take other vectors")
    if new[0] > rows:
        faults.append(
            f"it has {rows:,} rows, and the largest id needs {new[0]:,}: make a larger layer"
        )
    elif new[0] < rows:
        faults.append(
            f"it has {rows:,} rows, and the words' ids end at {new[0] - 1:,}: pass rows={rows} to "
            "leave the other rows zero"
        )
    if faults:
        raise TableError(f"the layer {layer!r} has another size: {'; '.join(faults)}")


def _check_padding(
    layer: str, padding: int | None, entries: Entries, special: Mapping[str, str] | None
) -> None:
    if padding is None:
        return
    roles = roles_of(entries.words, special)
    for word, id in zip(entries.words, entries.ids.tolist(), strict=True):
        if id == padding and roles.get(word) != "pad":
            raise VocabularyError(
                f"id {padding} is the padding of the layer {layer!r}, and the vocabulary has "
                f"{word!r} there: give the words other ids, name it with special={{{word!r}: "
                "'pad'}, or make the layer without padding"
            )
