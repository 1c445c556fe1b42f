"""Labelled texts as ids: split, shuffled and cut into batches with NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray
    from numpy.random import Generator


@dataclass(frozen=True, eq=False)
class Batch:
    """Texts as flat ids, the place in `ids` where each begins, and their classes."""

    ids: Int64[ndarray, " tokens"]
    offsets: Int64[ndarray, " texts"]
    classes: Int64[ndarray, " texts"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts as row ids, and the class of each, 0 to n - 1."""

    ids: Ragged
    classes: Int64[ndarray, " texts"]

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, texts: Int64[ndarray, " some"]) -> Examples:
        """Some of the texts, in the order given."""
        return Examples(self.ids.take(texts), self.classes[texts])

    def batches(self, size: int, rng: Generator | None = None) -> Iterator[Batch]:
        """All texts in batches of `size`: in an order drawn from `rng`, or in their own."""
        order = np.arange(len(self)) if rng is None else rng.permutation(len(self))
        for start in range(0, len(order), size):
            part = self.take(order[start : start + size])
            yield Batch(part.ids.ids, part.ids.offsets[:-1], part.classes)

    def held_out(self, share: float, rng: Generator) -> tuple[Examples, Examples]:
        """Set `share` of each class apart, drawn from `rng`: the rest, and the held-out part.

        A class gives at least one text, or none if it has fewer than three.
        """
        apart = np.zeros(len(self), bool)
        for number in np.unique(self.classes) if share else ():
            members = rng.permutation(np.flatnonzero(self.classes == number))
            if len(members) > 2:
                apart[members[: max(1, round(share * len(members)))]] = True
        return self.take(np.flatnonzero(~apart)), self.take(np.flatnonzero(apart))
