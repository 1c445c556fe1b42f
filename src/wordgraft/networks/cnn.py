"""`cnn`: windows of several widths over the words (Kim 2014)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Generator, Tensor, nn

from wordgraft.networks.initialize import conv1d
from wordgraft.networks.inputs import Sequences, padded

WIDTHS = (2, 3, 4)


class Cnn(nn.Module):
    """Filters over 2, 3 and 4 neighbouring words; for a text, each filter's maximum.

    Args:
        dims: width of the words' vectors.
        hidden: number of filters, all widths together.
        dropout: share of the vectors' and the features' values set to zero in training.
        per_word: features of each word, for tags, instead of each text.
        generator: of the filters' start, He before the ReLU.
    """

    def __init__(
        self, dims: int, *, hidden: int, dropout: float, per_word: bool, generator: Generator
    ) -> None:
        super().__init__()
        # As many filters of each width, the odd ones go to the narrowest.
        shares = [hidden // len(WIDTHS) + (place < hidden % len(WIDTHS)) for place in range(3)]
        self.width = hidden
        self.per_word = per_word
        self.dropout = nn.Dropout(dropout)
        self.filters = nn.ModuleList(
            conv1d(dims, number, width, activation="relu", generator=generator)
            for number, width in zip(shares, WIDTHS, strict=True)
            if number
        )

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, hidden), or (words, hidden)."""
        block, mask = padded(words)
        block = self.dropout(block).transpose(1, 2)
        layers = [cast("nn.Conv1d", layer) for layer in self.filters]
        found = torch.cat([torch.relu(over(layer, block)) for layer in layers], dim=1)
        found = self.dropout(found.transpose(1, 2))
        # What a filter finds is never below zero, so padding at zero cannot win.
        best: Tensor = found[mask] if self.per_word else (found * mask[:, :, None]).amax(dim=1)
        return best


def over(layer: nn.Conv1d, block: Tensor) -> Tensor:
    """(texts, channels, longest) through a convolution that gives as many places as it reads.

    Zeros are put at both ends; the one more that an even width needs, behind.
    """
    more = layer.kernel_size[0] - 1
    found: Tensor = layer(nn.functional.pad(block, (more // 2, more - more // 2)))
    return found
