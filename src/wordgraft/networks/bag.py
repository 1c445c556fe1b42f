"""`bag`: the mean of a text's rows, then one hidden layer; `linear`: the mean alone."""

from __future__ import annotations

from torch import Generator, Tensor, nn

from wordgraft.networks.initialize import linear
from wordgraft.networks.inputs import Sequences, means


class Bag(nn.Module):
    """Features of a text from the mean of its words' vectors. Word order has no influence.

    Args:
        dims: width of the words' vectors.
        hidden: width of the hidden layer, which the head reads.
        dropout: share of the mean's and the hidden layer's values set to zero in training.
        generator: draws the initial weights (He).
    """

    def __init__(self, dims: int, *, hidden: int, dropout: float, generator: Generator) -> None:
        super().__init__()
        self.width = hidden
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            linear(dims, hidden, activation="relu", generator=generator),
            nn.ReLU(),
            nn.Dropout(dropout),
        )

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, hidden)."""
        features: Tensor = self.layers(means(words))
        return features


class MeanBody(nn.Module):
    """Features of a text: the mean of its words' vectors, for a linear head."""

    def __init__(self, dims: int, *, hidden: int, dropout: float, generator: Generator) -> None:
        super().__init__()
        self.width = dims

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, dims)."""
        return means(words)
