"""The networks by name, and how one is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Generator

from wordgraft.networks.bag import Bag, MeanBody
from wordgraft.networks.bilstm import BiLstm
from wordgraft.networks.cnn import Cnn
from wordgraft.networks.input_features import Casing, Joined, LayerMix, Letters
from wordgraft.networks.network import Body, Network, RowsLayer
from wordgraft.networks.transformer import Transformer

if TYPE_CHECKING:
    from wordgraft.networks.network import Head


@dataclass(frozen=True)
class Kind:
    """What one name of a network stands for.

    Attributes:
        body: the class of its body.
        texts, words: whether it can classify texts, and whether it can tag words.
        crf: whether transitions between tags are learned.
        pads: whether texts of different lengths need padding.
    """

    body: Callable[..., Any]
    texts: bool = True
    words: bool = True
    crf: bool = False
    pads: bool = True


NETWORKS = {
    "bag": Kind(Bag, words=False, pads=False),
    "linear": Kind(MeanBody, words=False, pads=False),
    "cnn": Kind(Cnn),
    "bilstm": Kind(BiLstm),
    "bilstm-crf": Kind(BiLstm, texts=False, crf=True),
    "transformer": Kind(Transformer),
}


@dataclass(frozen=True)
class Shape:
    """The settings of a network's body.

    Attributes:
        name: one of `NETWORKS`.
        dims: width of the words' vectors.
        layers: number of vectors per word; more than one are mixed.
        hidden, dropout: of the body.
        per_word: whether words are tagged; otherwise texts are classified.
        casing, letters: whether vectors for spelling are joined to each word's vector.
        seed: of the initial weights.
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


def build(rows: RowsLayer, shape: Shape, head: Callable[[int, Generator], Head]) -> Network:
    """A network on `rows`; `head` makes its head from the number of features and a generator."""
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
