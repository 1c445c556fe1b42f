"""Between the first layer and the body: a mix of layers, and vectors for casing and letters."""

from __future__ import annotations

from typing import cast

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import skip_init

from wordgraft.networks.cnn import convolved
from wordgraft.networks.initialize import conv1d, start_embedding
from wordgraft.networks.inputs import Sequences
from wordgraft.networks.network import Body
from wordgraft.vocabulary.word_features import CASING, CASING_KINDS, LETTER_CODES, LETTERS

CASING_DIMS = 8
LETTER_DIMS, LETTER_FILTERS = 25, 50


class LayerMix(nn.Module):
    """A learned mix of an encoder's layers: softmax weights and a scale (Peters et al. 2018)."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, vectors: Tensor) -> Tensor:
        """(words, layers, dims) to (words, dims)."""
        shares = torch.softmax(self.weights, dim=0)
        return self.scale * torch.einsum("l,wld->wd", shares, vectors)


class Casing(nn.Module):
    """A small vector for a word's casing: see `vocabulary.word_features`."""

    width = CASING_DIMS

    def __init__(self, *, generator: Generator) -> None:
        super().__init__()
        self.table: nn.Embedding = skip_init(nn.Embedding, len(CASING_KINDS), CASING_DIMS)  # type: ignore[no-untyped-call]
        start_embedding(self.table, generator=generator)

    def forward(self, extras: dict[str, Tensor]) -> Tensor:
        """(words, width)."""
        vectors: Tensor = self.table(extras[CASING])
        return vectors


class Letters(nn.Module):
    """The maximum of a convolution over a word's letters (Ma and Hovy 2016)."""

    width = LETTER_FILTERS

    def __init__(self, *, generator: Generator) -> None:
        super().__init__()
        self.table: nn.Embedding = skip_init(  # type: ignore[no-untyped-call]
            nn.Embedding, LETTER_CODES, LETTER_DIMS, padding_idx=0
        )
        start_embedding(self.table, generator=generator)
        self.filters = conv1d(
            LETTER_DIMS, LETTER_FILTERS, 3, activation="relu", generator=generator
        )

    def forward(self, extras: dict[str, Tensor]) -> Tensor:
        """(words, width)."""
        letters = extras[LETTERS]
        if not len(letters):
            return letters.new_zeros(0, self.width, dtype=torch.float32)
        values = torch.relu(convolved(self.filters, self.table(letters).transpose(1, 2)))
        vectors: Tensor = values.amax(dim=2)
        return vectors


class Joined(nn.Module):
    """A body that reads mixed layers, with other vectors joined to each word's vector.

    Args:
        body: reads vectors as wide as the words' and those of `parts` together.
        mix: for first layers that give several vectors per word.
        parts: `Casing`, `Letters`.
    """

    def __init__(self, body: Body, *, mix: LayerMix | None, parts: list[Casing | Letters]) -> None:
        super().__init__()
        self.width = body.width
        self.mix = mix
        self.parts = nn.ModuleList(parts)
        self.body = cast("nn.Module", body)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """The body's features."""
        vectors = words.vectors if self.mix is None else self.mix(words.vectors)
        joined = torch.cat([vectors, *(part(extras) for part in self.parts)], dim=1)
        features: Tensor = self.body(words._replace(vectors=joined), extras)
        return features
