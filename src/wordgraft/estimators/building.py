"""The network of an estimator, and what it reads beside the words themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wordgraft.core.ragged import Ragged
from wordgraft.estimators.first_layers import (
    Encoder,
    EncoderLayer,
    FittedLayer,
    LayerContext,
    Text,
)
from wordgraft.estimators.resolved import LOGISTIC, Resolved
from wordgraft.vocabulary.word_features import word_features

if TYPE_CHECKING:
    from torch import Generator, nn

    from wordgraft.networks.network import Head, Network

# Makes a last layer for a width, drawing its start from a generator.
HeadMaker = Callable[[int, "Generator"], "Head"]


def context_of(resolved: Resolved, *, seed: int, progress: bool = False) -> LayerContext:
    """What the first layer must know of its estimator."""
    return LayerContext(
        per_word=resolved.per_word,
        whole_texts=resolved.network == LOGISTIC,
        trainable=resolved.regime.trainable_rows,
        device=resolved.training.device,
        seed=seed,
        progress=progress,
    )


def build_network(
    resolved: Resolved, layer: FittedLayer, rows: nn.Module, head: HeadMaker, *, seed: int
) -> Network:
    """The network on `rows` of a layer, with the weights that `seed` draws."""
    if isinstance(layer, EncoderLayer):
        return _on_encoder(resolved, layer, rows, head, seed)
    from wordgraft.networks.build import Shape, build

    shape = Shape(
        "linear" if resolved.network == LOGISTIC else resolved.network,
        dims=layer.dims,
        layers=layer.layers,
        hidden=int(resolved.hidden),
        dropout=resolved.dropout,
        per_word=resolved.per_word,
        casing=resolved.casing,
        letters=resolved.letters,
        seed=seed,
    )
    return build(rows, shape, head)


def spelling_of(resolved: Resolved, texts: Sequence[Text]) -> dict[str, Ragged]:
    """How the words of sentences are spelled, as far as the network reads it."""
    if not resolved.per_word:
        return {}
    sentences = [text for text in texts if not isinstance(text, str)]
    return word_features(sentences, casing=resolved.casing, letters=resolved.letters)


def _on_encoder(
    resolved: Resolved, layer: EncoderLayer, rows: nn.Module, head: HeadMaker, seed: int
) -> Network:
    from torch import Generator

    from wordgraft.networks.encoder import EachWord, Pooling
    from wordgraft.networks.network import Network

    assert isinstance(resolved.first_layer, Encoder)
    options: dict[str, Any] = {"dropout": resolved.dropout, "norm_eps": layer.rows.norm_eps}
    pooling = resolved.first_layer.pooling_name(per_word=resolved.per_word)
    body = (
        EachWord(layer.dims, **options)
        if resolved.per_word
        else Pooling(layer.dims, pooling, **options)
    )
    network = Network(rows, body, head(layer.dims, Generator().manual_seed(seed)))
    return network.to(layer.device)
