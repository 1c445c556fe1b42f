"""Which networks there are, and how one is put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Generator

from wordgraft.networks.bag import Bag, Mean
from wordgraft.networks.bilstm import BiLstm
from wordgraft.networks.cnn import Cnn
from wordgraft.networks.input_features import Casing, Joined, LayerMix, Letters
from wordgraft.networks.network import Body, Network, Rows
from wordgraft.networks.transformer import Transformer

if TYPE_CHECKING:
    from wordgraft.networks.network import Head


@dataclass(frozen=True)
class Kind:
    """One name of a network.

    Attributes:
        body: makes its body.
        texts, words: whether it classifies texts, and whether it tags words.
        crf: whether its tags depend on each other.
        pads: whether texts of unlike length cost it padding.
    """

    body: Callable[..., Any]
    texts: bool = True
    words: bool = True
    crf: bool = False
    pads: bool = True


NETWORKS = {
    "bag": Kind(Bag, words=False, pads=False),
    "linear": Kind(Mean, words=False, pads=False),
    "cnn": Kind(Cnn),
    "bilstm": Kind(BiLstm),
    "bilstm-crf": Kind(BiLstm, texts=False, crf=True),
    "transformer": Kind(Transformer),
}


@dataclass(frozen=True)
class Shape:
    """What a network's body is made of.

    Attributes:
        name: one of `NETWORKS`.
        dims: width of the vectors that the rows give.
        layers: how many of them a word has; more than one are mixed.
        hidden, dropout: as the bodies take them.
        per_word: tags, not classes.
        casing, letters: what joins each word's vector.
        seed: of the start.
    """

    name: str
    dims: int
    layers: int
    hidden: int
    dropout: float
    per_word: bool
    casing: bool
    letters: bool
    seed: int


def build(rows: Rows, shape: Shape, head: Callable[[int, Generator], Head]) -> Network:
    """A network on `rows`; `head` makes its last layer for a width, drawing from a generator."""
    generator = Generator().manual_seed(shape.seed)
    kind = NETWORKS[shape.name]
    joins: list[Casing | Letters] = []
    if shape.casing:
        joins.append(Casing(generator=generator))
    if shape.letters:
        joins.append(Letters(generator=generator))
    dims = shape.dims + sum(part.width for part in joins)
    options: dict[str, Any] = {"per_word": shape.per_word} if kind.words else {}
    body: Body = kind.body(
        dims, hidden=shape.hidden, dropout=shape.dropout, generator=generator, **options
    )
    if joins or shape.layers > 1:
        mix = LayerMix(shape.layers) if shape.layers > 1 else None
        body = Joined(body, mix=mix, parts=joins)
    return Network(rows, body, head(body.width, generator))
