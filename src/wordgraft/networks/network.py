"""`Network`: a first layer, a body and a head."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Protocol, cast

from torch import Tensor, nn

from wordgraft.networks.inputs import NetworkInputs, Sequences

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


class RowsLayer(Protocol):
    """A first layer: from ids to one vector per word."""

    def __call__(self, inputs: NetworkInputs) -> Sequences: ...


class Body(Protocol):
    """Reads words. Gives features (texts, `width`) for classes, (words, `width`) for tags."""

    width: int

    def __call__(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor: ...


class Head(Protocol):
    """From features to logits, and from logits to a loss and to predictions.

    `predict` gives the probabilities of each text, or the index of the best tag of each word.
    """

    def __call__(self, features: Tensor) -> Tensor: ...

    def loss(self, logits: Tensor, inputs: NetworkInputs, targets: Tensor) -> Tensor: ...

    def predict(self, logits: Tensor, inputs: NetworkInputs) -> ndarray: ...


class Network(nn.Module):
    """From ids to logits. Names of parameters begin with `rows.`, `body.` or `head.`.

    Args:
        rows: the grafted layer, or another first layer that gives one vector per word.
        body: from the words' vectors to features.
        head: from features to logits.
    """

    def __init__(self, rows: RowsLayer, body: Body, head: Head) -> None:
        super().__init__()
        self.rows = cast("nn.Module", rows)
        self.body = cast("nn.Module", body)
        self.head = cast("nn.Module", head)

    def forward(self, inputs: NetworkInputs) -> Tensor:
        """(texts, classes) logits, or (words, tags)."""
        logits: Tensor = self.head(self.features(inputs))
        return logits

    def features(self, inputs: NetworkInputs) -> Tensor:
        """What the head reads: (texts, features), or (words, features)."""
        features: Tensor = self.body(self.rows(inputs), inputs.extras)
        return features

    def loss(self, logits: Tensor, inputs: NetworkInputs, targets: Tensor) -> Tensor:
        """The mean loss of a batch."""
        return cast("Head", self.head).loss(logits, inputs, targets)

    def predict(self, logits: Tensor, inputs: NetworkInputs) -> ndarray | Int64[ndarray, " words"]:
        """Predictions from logits: see `Head`."""
        return cast("Head", self.head).predict(logits, inputs)

    @property
    def last_layer(self) -> nn.Linear:
        """The layer that computes the logits."""
        return cast("nn.Linear", self.head.linear)

    def without_rows(self) -> Network:
        """This network without a first layer, to be saved beside the table that has the rows."""
        return self.regrafted(nn.Identity())

    def regrafted(self, rows: nn.Module) -> Network:
        """This network with another first layer; body and head are shared, not copied."""
        other = copy(self)
        other._modules = {**self._modules, "rows": rows}
        return other
