"""Heads: from features to logits, their loss, and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor, nn

from wordgraft.networks.crf import Crf
from wordgraft.networks.initialize import linear
from wordgraft.networks.inputs import NetworkInputs, Sequences, padded

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

# Score of a transition that cannot occur. e to it is zero in float32, and so is its gradient.
_FORBIDDEN = -1e4


class ClassHead(nn.Module):
    """One class per text: cross-entropy and softmax.

    Args:
        width: number of features.
        classes: number of logits.
        weight: weight of each class in the loss; all equal if None.
        generator: draws the initial weights (Xavier).
    """

    weight: Tensor | None

    def __init__(
        self,
        width: int,
        classes: int,
        *,
        generator: Generator,
        weight: Float32[ndarray, " classes"] | None = None,
    ) -> None:
        super().__init__()
        self.linear = linear(width, classes, activation="none", generator=generator)
        tensor = None if weight is None else torch.from_numpy(weight)
        self.register_buffer("weight", tensor, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (texts, classes)."""
        logits: Tensor = self.linear(features)
        return logits

    def loss(self, logits: Tensor, inputs: NetworkInputs, targets: Tensor) -> Tensor:
        """Mean over texts, weighted by class."""
        return nn.functional.cross_entropy(logits, targets, self.weight)

    def predict(self, logits: Tensor, inputs: NetworkInputs) -> Float32[ndarray, "texts classes"]:
        """Probabilities; each row sums to 1."""
        probabilities: Float32[ndarray, "texts classes"] = torch.softmax(logits, 1).cpu().numpy()
        return probabilities


class LabelHead(ClassHead):
    """Any number of labels per text: binary cross-entropy and sigmoid.

    `weight` is the weight of the texts that have the label.
    """

    def loss(self, logits: Tensor, inputs: NetworkInputs, targets: Tensor) -> Tensor:
        """Mean over texts and labels."""
        return nn.functional.binary_cross_entropy_with_logits(
            logits, targets.to(logits.dtype), pos_weight=self.weight
        )

    def predict(self, logits: Tensor, inputs: NetworkInputs) -> Float32[ndarray, "texts labels"]:
        """The probability of each label, independent of the others."""
        probabilities: Float32[ndarray, "texts labels"] = torch.sigmoid(logits).cpu().numpy()
        return probabilities


class TagHead(nn.Module):
    """One tag per word. Never predicts a tag that cannot follow the one before.

    Args:
        width: number of features.
        tags: names in IOB2: `O`, `B-PER`, `I-PER`, ...
        learned: whether the transitions of a linear-chain CRF are learned. Otherwise the loss
            treats words independently, and only decoding excludes impossible transitions.
        generator: draws the initial weights (Xavier); transitions start at zero.
    """

    def __init__(
        self, width: int, tags: Sequence[str], *, learned: bool, generator: Generator
    ) -> None:
        super().__init__()
        self.learned = learned
        self.linear = linear(width, len(tags), activation="none", generator=generator)
        self.crf = Crf(len(tags))
        first, following = forbidden(tags)
        with torch.no_grad():
            self.crf.start_transitions[torch.from_numpy(first)] = _FORBIDDEN
            self.crf.transitions[torch.from_numpy(following)] = _FORBIDDEN
        self.crf.requires_grad_(learned)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (words, tags)."""
        logits: Tensor = self.linear(features)
        return logits

    def loss(self, logits: Tensor, inputs: NetworkInputs, targets: Tensor) -> Tensor:
        """Mean over words; with learned transitions, of the likelihood of whole texts."""
        if not self.learned:
            return nn.functional.cross_entropy(logits, targets)
        lengths = inputs.lengths[inputs.lengths > 0]
        emissions, mask = padded(Sequences(logits, lengths))
        tags, _ = padded(Sequences(targets, lengths))
        return self.crf.loss(emissions, tags, mask)

    def predict(self, logits: Tensor, inputs: NetworkInputs) -> Int64[ndarray, " words"]:
        """The index of each word's tag (Viterbi)."""
        lengths = inputs.lengths[inputs.lengths > 0]
        if not len(lengths):
            return np.empty(0, np.int64)
        tags: Int64[ndarray, " words"] = (
            self.crf.decode(*padded(Sequences(logits, lengths))).cpu().numpy()
        )
        return tags


def forbidden(tags: Sequence[str]) -> tuple[Bool[ndarray, " tags"], Bool[ndarray, "tags tags"]]:
    """Which tags cannot come first, and which (row) cannot be followed by which (column).

    In IOB2, `I-X` comes only after `B-X` or `I-X`.

    >>> first, following = forbidden(["O", "B-X", "I-X"])
    >>> first.tolist(), following[0].tolist(), following[1].tolist()
    ([False, False, True], [False, False, True], [False, False, False])
    """
    inside = np.array([tag.startswith("I-") for tag in tags])
    kinds = np.array([tag[2:] for tag in tags])
    outside = np.array([tag == "O" for tag in tags])
    continues = (kinds[:, None] == kinds[None, :]) & ~outside[:, None]
    return inside, inside[None, :] & ~continues
