"""Labelled texts as ids: split, shuffled and cut into batches with NumPy."""

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

# Batches that are filled with texts of like length before their order is drawn.
_BATCHES_SORTED = 50
# By which probabilities of half precision may miss 1 when they are added up.
ROUNDING = 0.01


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts as ids, and what they are to become.

    Attributes:
        ids: each text's ids.
        targets: classes (texts,), 0 to n - 1; or which labels hold, bool (texts, labels); or a tag
            for each word of each text, 0 to n - 1; or how probable each class or label is, float32.
        extras: what else the network reads of each word or text, by name.
        taught: of how many texts, the last ones, the targets are only a teacher's.
    """

    ids: Ragged
    targets: Shaped[ndarray, "texts ..."] | Ragged
    extras: Mapping[str, Ragged] = field(default_factory=dict)
    taught: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def flat_targets(self) -> Shaped[ndarray, ...]:
        """One target a text, or one a word."""
        return self.targets.ids if isinstance(self.targets, Ragged) else self.targets

    def take(self, texts: Int64[ndarray, " some"]) -> Examples:
        """Some of the texts, in the order given, whoever said what they are."""
        targets = self.targets
        return Examples(
            self.ids.take(texts),
            targets.take(texts) if isinstance(targets, Ragged) else targets[texts],
            {name: values.take(texts) for name, values in self.extras.items()},
        )

    def batches(
        self, size: int, rng: Generator | None = None, *, by_length: bool = False
    ) -> Iterator[Examples]:
        """All texts in batches of `size`: in an order drawn from `rng`, or in their own.

        With `by_length`, a batch holds texts of like length, so that little of it is padding.
        """
        for places in self._cut(size, rng, by_length):
            yield self.take(places)

    def held_out(self, share: float, rng: Generator) -> tuple[Examples, Examples]:
        """Set `share` of the texts apart, drawn from `rng`: the rest, and the held-out part.

        Each class gives its share, and at least one text, or none if it has fewer than three. Texts
        that only a teacher judged stay.
        """
        apart = np.zeros(len(self), bool)
        labelled = len(self) - self.taught
        kinds = np.zeros(labelled, np.int64)
        if not isinstance(self.targets, Ragged):
            own = self.targets[:labelled]
            if own.ndim == 1:
                kinds = own
            elif own.dtype == np.float32 and np.allclose(own.sum(axis=1), 1, atol=ROUNDING):
                kinds = own.argmax(axis=1)  # one class each
        for number in np.unique(kinds) if share else ():
            members = rng.permutation(np.flatnonzero(kinds == number))
            if len(members) > 2:
                apart[members[: max(1, round(share * len(members)))]] = True
        rest, held_out = (self.take(np.flatnonzero(each)) for each in (~apart, apart))
        return replace(rest, taught=self.taught), held_out

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
