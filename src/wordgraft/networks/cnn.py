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
        generator: draws the initial weights (He).
    """

    def __init__(
        self, dims: int, *, hidden: int, dropout: float, per_word: bool, generator: Generator
    ) -> None:
        super().__init__()
        # The same number of filters of each width; a remainder goes to the narrowest.
        numbers = [hidden // len(WIDTHS) + (place < hidden % len(WIDTHS)) for place in range(3)]
        self.width = hidden
        self.per_word = per_word
        self.dropout = nn.Dropout(dropout)
        self.filters = nn.ModuleList(
            conv1d(dims, number, width, activation="relu", generator=generator)
            for number, width in zip(numbers, WIDTHS, strict=True)
            if number
        )

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, hidden), or (words, hidden)."""
        block, mask = padded(words)
        block = self.dropout(block).transpose(1, 2)
        layers = [cast("nn.Conv1d", layer) for layer in self.filters]
        values = torch.cat([torch.relu(convolved(layer, block)) for layer in layers], dim=1)
        values = self.dropout(values.transpose(1, 2))
        # After the ReLU no value is below zero, so padding with zeros cannot be the maximum.
        features: Tensor = (
            values[mask] if self.per_word else (values * mask[:, :, None]).amax(dim=1)
        )
        return features


def convolved(layer: nn.Conv1d, block: Tensor) -> Tensor:
    """(texts, channels, longest) to (texts, filters, longest).

    Zeros are added at both ends; an even width needs one more at the end.
    """
    added = layer.kernel_size[0] - 1
    values: Tensor = layer(nn.functional.pad(block, (added // 2, added - added // 2)))
    return values
