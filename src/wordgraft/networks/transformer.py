"""`transformer`: two small layers of attention, for tables of words or pieces."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from wordgraft.networks.initialize import linear
from wordgraft.networks.inputs import Sequences, means, padded

LAYERS, HEADS = 2, 4


class Transformer(nn.Module):
    """Attention over the words with sinusoidal positions (Vaswani et al. 2017), norms first.

    The features of a text are the mean of its words'.

    Args:
        dims: width of the words' vectors.
        hidden: width of the layers, a multiple of the 4 heads.
        dropout: share of values set to zero in training.
        per_word: features of each word, for tags, instead of each text.
        generator: draws the initial weights (Xavier).
    """

    def __init__(
        self, dims: int, *, hidden: int, dropout: float, per_word: bool, generator: Generator
    ) -> None:
        super().__init__()
        self.width = hidden
        self.per_word = per_word
        self.dropout = nn.Dropout(dropout)
        self.into = linear(dims, hidden, activation="none", generator=generator)
        with torch.random.fork_rng():  # drawing torch's own weights changes the state
            layer = nn.TransformerEncoderLayer(
                hidden, HEADS, 4 * hidden, dropout, "gelu", batch_first=True, norm_first=True
            )
            self.layers = nn.TransformerEncoder(
                layer, LAYERS, nn.LayerNorm(hidden), enable_nested_tensor=False
            )
        for weights in self.layers.parameters():
            if weights.dim() > 1:
                nn.init.xavier_uniform_(weights, generator=generator)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, hidden), or (words, hidden)."""
        block, mask = padded(words._replace(vectors=self.into(words.vectors)))
        block = self.dropout(block + _positions(block.shape[1], self.width).to(block))
        # An empty text attends to one place of padding; attention to nothing would be NaN.
        attended = mask.clone()
        attended[:, 0] = True
        vectors = self.layers(block, src_key_padding_mask=~attended)[mask]
        return vectors if self.per_word else means(words._replace(vectors=vectors))


def _positions(length: int, width: int) -> Tensor:
    place = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    waves = torch.stack([torch.sin(place * rate), torch.cos(place * rate)], dim=2)
    return waves.flatten(1)[:, :width]
