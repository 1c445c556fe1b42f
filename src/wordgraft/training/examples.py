"""Labelled texts as ids: split, shuffled and divided into batches with NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged

if TYPE_CHECKING:
    from jaxtyping import Int64, Shaped
    from numpy import ndarray
    from numpy.random import Generator

# Texts of this many batches are sorted by length at a time; then the batches are shuffled.
_BATCHES_SORTED = 50
# How far the sum of half-precision probabilities may be from 1.
ROUNDING = 0.01


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts as ids, with their targets.

    Attributes:
        ids: each text's ids.
        targets: classes (texts,), 0 to n - 1; or whether each label holds, bool (texts, labels);
            or a tag for each word of each text, 0 to n - 1; or the probability of each class or
            label, float32 (texts, classes).
        extras: other inputs of the network for each word or text, by name.
        distilled: the number of texts, at the end, whose targets come from a teacher alone.
    """

    ids: Ragged
    targets: Shaped[ndarray, "texts ..."] | Ragged
    extras: Mapping[str, Ragged] = field(default_factory=dict)
    distilled: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def flat_targets(self) -> Shaped[ndarray, "targets ..."]:
        """One target per text, or one per word."""
        return self.targets.ids if isinstance(self.targets, Ragged) else self.targets

    def take(self, texts: Int64[ndarray, " some"]) -> Examples:
        """Some of the texts, in the order given; `distilled` is 0."""
        targets = self.targets
        return Examples(
            self.ids.take(texts),
            targets.take(texts) if isinstance(targets, Ragged) else targets[texts],
            {name: values.take(texts) for name, values in self.extras.items()},
        )

    def batches(
        self, size: int, rng: Generator | None = None, *, by_length: bool = False
    ) -> Iterator[Examples]:
        """All texts in batches of `size`: in an order drawn from `rng`, or in the given one.

        With `by_length`, the texts of a batch are of similar length, to need little padding.
        """
        for places in self._cut(size, rng, by_length):
            yield self.take(places)

    def split(self, share: float, rng: Generator) -> tuple[Examples, Examples]:
        """The training part, and a validation part of `share` of the texts, drawn from `rng`.

        The share is taken of each class: at least one text, but none of a class of fewer than
        three. Distilled texts are all trained on.
        """
        chosen = np.zeros(len(self), bool)
        labelled = len(self) - self.distilled
        classes = np.zeros(labelled, np.int64)
        if not isinstance(self.targets, Ragged):
            targets = self.targets[:labelled]
            if targets.ndim == 1:
                classes = targets
            elif targets.dtype == np.float32 and np.allclose(targets.sum(axis=1), 1, atol=ROUNDING):
                classes = targets.argmax(axis=1)  # probabilities of one class per text
        for number in np.unique(classes) if share else ():
            members = rng.permutation(np.flatnonzero(classes == number))
            if len(members) > 2:
                chosen[members[: max(1, round(share * len(members)))]] = True
        training, validation = (self.take(np.flatnonzero(part)) for part in (~chosen, chosen))
        return replace(training, distilled=self.distilled), validation

    def _cut(
        self, size: int, rng: Generator | None, by_length: bool
    ) -> list[Int64[ndarray, " batch"]]:
        order = np.arange(len(self)) if rng is None else rng.permutation(len(self))
        if by_length:
            lengths, pool = self.ids.lengths, _BATCHES_SORTED * size
            pools = np.split(order, range(pool, len(order), pool))
            order = np.concatenate([p[np.argsort(lengths[p], kind="stable")] for p in pools])
        parts = np.split(order, range(size, len(order), size)) if len(order) else []
        if by_length and rng is not None:
            parts = [parts[place] for place in rng.permutation(len(parts))]
        return parts
