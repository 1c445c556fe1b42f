"""Heads: features to logits, their loss, and what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor, nn

from wordgraft.core.optional import require
from wordgraft.networks.initialize import linear
from wordgraft.networks.inputs import Inputs, Sequences, mask_of, padded

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int64
    from numpy import ndarray

# What a transition that cannot occur is worth; e to this is zero in float32, and so its gradient.
_NEVER = -1e4


class ClassHead(nn.Module):
    """One class a text: cross-entropy, softmax.

    Args:
        width: of the features.
        classes: number of logits.
        weight: of each class in the loss; alike if None.
        generator: of the start, Xavier.
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
        given = None if weight is None else torch.from_numpy(weight)
        self.register_buffer("weight", given, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """(texts, classes)."""
        logits: Tensor = self.linear(features)
        return logits

    def loss(self, logits: Tensor, inputs: Inputs, targets: Tensor) -> Tensor:
        """The mean over texts, weighed by their class."""
        return nn.functional.cross_entropy(logits, targets, self.weight)

    def predict(self, logits: Tensor, inputs: Inputs) -> Float32[ndarray, "texts classes"]:
        """Probabilities; rows add up to 1."""
        found: Float32[ndarray, "texts classes"] = torch.softmax(logits, dim=1).cpu().numpy()
        return found


class LabelHead(ClassHead):
    """Any number of labels a text: binary cross-entropy of each, sigmoid.

    `weight` is that of each label's presence.
    """

    def loss(self, logits: Tensor, inputs: Inputs, targets: Tensor) -> Tensor:
        """The mean over texts and labels."""
        return nn.functional.binary_cross_entropy_with_logits(
            logits, targets.to(logits.dtype), pos_weight=self.weight
        )

    def predict(self, logits: Tensor, inputs: Inputs) -> Float32[ndarray, "texts labels"]:
        """The probability of each label by itself."""
        found: Float32[ndarray, "texts labels"] = torch.sigmoid(logits).cpu().numpy()
        return found


class TagHead(nn.Module):
    """One tag a word, and never one that cannot follow the tag before.

    Args:
        width: of the features.
        tags: names in IOB2: `O`, `B-PER`, `I-PER`, ...
        learned: a linear-chain CRF, whose transitions learn (pytorch-crf); otherwise each word's
            loss is its own, and only the choice of the best tags minds which may follow which.
        generator: of the start, Xavier; transitions start at zero.
    """

    def __init__(
        self, width: int, tags: Sequence[str], *, learned: bool, generator: Generator
    ) -> None:
        super().__init__()
        crf = require("torchcrf", purpose="tagging")
        self.learned = learned
        self.linear = linear(width, len(tags), activation="none", generator=generator)
        with torch.random.fork_rng():
            self.crf = crf.CRF(len(tags), batch_first=True)
        first, following = impossible(tags)
        with torch.no_grad():
            self.crf.start_transitions.copy_(torch.from_numpy(first * np.float32(_NEVER)))
            self.crf.transitions.copy_(torch.from_numpy(following * np.float32(_NEVER)))
            self.crf.end_transitions.zero_()
        self.crf.requires_grad_(learned)

    def forward(self, features: Tensor) -> Tensor:
        """(words, tags)."""
        logits: Tensor = self.linear(features)
        return logits

    def loss(self, logits: Tensor, inputs: Inputs, targets: Tensor) -> Tensor:
        """The mean over words, of a CRF over the words of whole texts."""
        if not self.learned:
            return nn.functional.cross_entropy(logits, targets)
        lengths = inputs.lengths[inputs.lengths > 0]
        block, mask = padded(Sequences(logits, lengths))
        tags = targets.new_zeros(mask.shape)
        tags[mask] = targets
        loss: Tensor = -self.crf(block, tags, mask=mask, reduction="token_mean")
        return loss

    def predict(self, logits: Tensor, inputs: Inputs) -> Int64[ndarray, " words"]:
        """The number of each word's tag, by Viterbi."""
        lengths = inputs.lengths[inputs.lengths > 0]
        if not len(lengths):
            return np.empty(0, np.int64)
        block, _ = padded(Sequences(logits, lengths))
        best = self.crf.decode(block, mask=mask_of(lengths))
        return np.concatenate([np.asarray(each, np.int64) for each in best])


def impossible(tags: Sequence[str]) -> tuple[Bool[ndarray, " tags"], Bool[ndarray, "tags tags"]]:
    """Which tags cannot come first, and which (row) cannot be followed by which (column).

    In IOB2, `I-X` stands behind `B-X` or `I-X` alone.
    """
    inside = np.array([tag.startswith("I-") for tag in tags])
    kinds = np.array([tag[2:] for tag in tags])
    outside = np.array([tag == "O" for tag in tags])
    goes_on = (kinds[:, None] == kinds[None, :]) & ~outside[:, None]
    return inside, inside[None, :] & ~goes_on
