"""What flows through a network: texts end to end, padded only by the bodies that need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class NetworkInputs(NamedTuple):
    """A batch as the first layer reads it.

    Attributes:
        ids: int64 (tokens,), the texts' ids end to end.
        lengths: int64 (texts,), the number of tokens of each text.
        extras: other inputs for each word or text, by name; see `vocabulary.word_features`.
        sizes: the lengths as plain numbers; reading them from a GPU would have to wait for it.
    """

    ids: Tensor
    lengths: Tensor
    extras: dict[str, Tensor]
    sizes: Sequence[int] = ()


class Sequences(NamedTuple):
    """The words of a batch as vectors.

    Attributes:
        vectors: (words, dims), the texts' words end to end.
        lengths: int64 (texts,), the number of words of each text.
    """

    vectors: Tensor
    lengths: Tensor

    @property
    def offsets(self) -> Tensor:
        """int64 (texts,): the place of each text's first word."""
        return self.lengths.cumsum(0) - self.lengths


def mask_of(lengths: Tensor) -> Tensor:
    """bool (texts, longest): true for words, false for padding. There is at least one column.

    >>> mask_of(torch.tensor([2, 0])).tolist()
    [[True, True], [False, False]]
    """
    longest = max(int(lengths.max()), 1)
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def padded(sequences: Sequences) -> tuple[Tensor, Tensor]:
    """(texts, longest, ...) with zeros after each text's words, and the mask of `mask_of`.

    >>> block, mask = padded(Sequences(torch.tensor([3, 5, 7]), torch.tensor([1, 2])))
    >>> block.tolist()
    [[3, 0], [5, 7]]
    """
    mask = mask_of(sequences.lengths)
    vectors = sequences.vectors
    block = vectors.new_zeros(*mask.shape, *vectors.shape[1:])
    block[mask] = vectors
    return block, mask


def means(sequences: Sequences) -> Tensor:
    """(texts, dims): the mean of each text's words; zeros for a text without words."""
    if not len(sequences.vectors):  # embedding_bag needs at least one row
        return sequences.vectors.new_zeros(len(sequences.lengths), sequences.vectors.shape[1])
    places = torch.arange(len(sequences.vectors), device=sequences.vectors.device)
    return torch.nn.functional.embedding_bag(places, sequences.vectors, sequences.offsets)
