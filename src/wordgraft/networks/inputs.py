"""What flows through a network: texts laid end to end, without padding until a body asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Inputs(NamedTuple):
    """A batch as the first layer reads it.

    Attributes:
        ids: int64 (tokens,), the texts' ids end to end.
        lengths: int64 (texts,), tokens of each text.
        extras: what else is known of each word or text, by name; see `vocabulary.word_features`.
        sizes: the lengths as plain numbers, for who would have to wait for a GPU to tell them.
    """

    ids: Tensor
    lengths: Tensor
    extras: dict[str, Tensor]
    sizes: Sequence[int] = ()


class Sequences(NamedTuple):
    """The words of a batch as vectors.

    Attributes:
        vectors: (words, dims), the texts' words end to end.
        lengths: int64 (texts,), words of each text.
    """

    vectors: Tensor
    lengths: Tensor

    @property
    def offsets(self) -> Tensor:
        """int64 (texts,): where each text begins."""
        return self.lengths.cumsum(0) - self.lengths


def mask_of(lengths: Tensor) -> Tensor:
    """bool (texts, longest): where words stand; one column at least, so that no batch is empty."""
    longest = max(int(lengths.max()), 1)
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def padded(sequences: Sequences) -> tuple[Tensor, Tensor]:
    """(texts, longest, dims) with zeros behind each text's words, and the mask of `mask_of`."""
    mask = mask_of(sequences.lengths)
    vectors = sequences.vectors
    block = vectors.new_zeros(*mask.shape, *vectors.shape[1:])
    block[mask] = vectors
    return block, mask


def means(sequences: Sequences) -> Tensor:
    """(texts, dims): the mean of each text's words; zeros for a text without any."""
    if not len(sequences.vectors):  # embedding_bag wants rows to choose from
        return sequences.vectors.new_zeros(len(sequences.lengths), sequences.vectors.shape[1])
    places = torch.arange(len(sequences.vectors), device=sequences.vectors.device)
    return torch.nn.functional.embedding_bag(places, sequences.vectors, sequences.offsets)
