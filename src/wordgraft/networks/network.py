"""`Network`: a first layer, a body and a head, whatever each of them is."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Protocol, cast

from torch import Tensor, nn

from wordgraft.networks.inputs import Inputs, Sequences

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray


class Rows(Protocol):
    """A first layer: what the ids stand for, as one vector a word."""

    def __call__(self, inputs: Inputs) -> Sequences: ...


class Body(Protocol):
    """What reads the words: (texts, `width`) features for classes, (words, `width`) for tags."""

    width: int

    def __call__(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor: ...


class Head(Protocol):
    """Features to logits, and what logits mean.

    `loss` takes the logits and the targets; `predict` gives, per text or word, probabilities or,
    where words depend on each other, the numbers of the best tags.
    """

    def __call__(self, features: Tensor) -> Tensor: ...

    def loss(self, logits: Tensor, inputs: Inputs, targets: Tensor) -> Tensor: ...

    def predict(self, logits: Tensor, inputs: Inputs) -> ndarray: ...


class Network(nn.Module):
    """Ids to logits. Names of parameters begin with `rows.`, `body.` or `head.`.

    Args:
        rows: the grafted layer, or what else gives one vector a word.
        body: reads the words.
        head: turns what the body found into logits.
    """

    def __init__(self, rows: Rows, body: Body, head: Head) -> None:
        super().__init__()
        self.rows = cast("nn.Module", rows)
        self.body = cast("nn.Module", body)
        self.head = cast("nn.Module", head)

    def forward(self, inputs: Inputs) -> Tensor:
        """(texts, classes) logits, or (words, tags)."""
        logits: Tensor = self.head(self.features(inputs))
        return logits

    def features(self, inputs: Inputs) -> Tensor:
        """What the head reads."""
        found: Tensor = self.body(self.rows(inputs), inputs.extras)
        return found

    def loss(self, logits: Tensor, inputs: Inputs, targets: Tensor) -> Tensor:
        """The mean loss of a batch."""
        return cast("Head", self.head).loss(logits, inputs, targets)

    def predict(self, logits: Tensor, inputs: Inputs) -> ndarray | Int64[ndarray, " words"]:
        """What the logits say: see `Head`."""
        return cast("Head", self.head).predict(logits, inputs)

    @property
    def last_layer(self) -> nn.Linear:
        """What gives the logits."""
        return cast("nn.Linear", self.head.linear)

    def without_rows(self) -> Network:
        """This network with no first layer, for keeping; the rows live in a table."""
        return self.regrafted(nn.Identity())

    def regrafted(self, rows: nn.Module) -> Network:
        """This network with another first layer; body and head are shared, not copied."""
        other = copy(self)
        other._modules = {**self._modules, "rows": rows}
        return other
