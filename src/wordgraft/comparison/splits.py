"""Which texts train and which choose: parts of the training data, the same for every arm.

A seed sets a part of the training texts apart, to choose by; the rest is put in one order, whose
beginnings are the samples. So samples are nested, each class has its share in all of them, and two
arms with one seed see the same texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import DataError

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray
    from numpy.random import Generator

# Five seeds hold every text out once, until there are so many that a thousand will do.
FOLDS, _MOST_HELD_OUT = 5, 1_000
# A sample is this many times the one before, unless sizes are given.
STEP = 4
_SMALLEST = 20


@dataclass(frozen=True, eq=False)
class Split:
    """Places of training texts: those to choose by, and the others in the order of sampling."""

    choice: Int64[ndarray, " some"]
    pool: Int64[ndarray, " others"]

    def sample(self, size: int) -> Int64[ndarray, " size"]:
        """The texts that a run with `size` labels trains on."""
        return self.pool[:size]


def split(strata: ndarray, seed: int) -> Split:
    """The split of a seed. Strata with fewer than three texts are never held out."""
    turn, fold = divmod(seed, FOLDS)
    rank, sizes = _ranks(strata, np.random.default_rng([turn, 0]))
    held = (rank % FOLDS == fold) & (sizes > 2)
    choice = np.flatnonzero(held)
    rng = np.random.default_rng([seed, 1])
    if len(choice) > _MOST_HELD_OUT:
        choice = np.sort(choice[spread_out(strata[choice], rng)[:_MOST_HELD_OUT]])
    rest = np.setdiff1d(np.arange(len(strata)), choice)
    return Split(choice, rest[spread_out(strata[rest], rng)])


def spread_out(
    strata: ndarray, rng: Generator, *, rare_last: bool = False
) -> Int64[ndarray, " texts"]:
    """Places in a random order in which every stratum is spread evenly.

    One text of each stratum comes first, so that small beginnings hold all of them; `rare_last`
    spreads without that.
    """
    rank, sizes = _ranks(strata, rng)
    share = (rank + (0.5 if rare_last else 0.0)) / sizes
    return np.lexsort((rng.random(len(strata)), share))


def _ranks(strata: ndarray, rng: Generator) -> tuple[ndarray, ndarray]:
    """Per text a random place within its stratum, and the size of that."""
    rank, sizes = np.zeros(len(strata), np.int64), np.zeros(len(strata), np.int64)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        rank[members], sizes[members] = np.arange(len(members)), len(members)
    return rank, sizes


def largest_sample(strata: ndarray, seeds: Sequence[int]) -> int:
    """How many texts every seed leaves to train on."""
    return min(len(split(strata, seed).pool) for seed in seeds)


def sizes_up_to(largest: int, count: int = 4, *, kinds: int = 2) -> tuple[int, ...]:
    """`count` sizes that end with `largest`, each a quarter of the next, none too small to learn.

    `kinds` is the number of labels: a sample should hold a few texts of each.
    """
    smallest = max(_SMALLEST, 4 * kinds)
    sizes = [largest]
    while len(sizes) < count and sizes[-1] / STEP >= smallest:
        sizes.append(round(sizes[-1] / STEP))
    return tuple(reversed(sizes))


def checked_sizes(asked: Sequence[int | str], largest: int) -> tuple[int, ...]:
    """Sizes that a user named; `all` is the largest. Raises `DataError` for one that is too large.

    A size of at least the whole is the whole.
    """
    found = {largest if each == "all" else int(each) for each in asked}
    if min(found) < 2:
        raise DataError(f"a training size of {min(found)} was asked for; expected at least 2")
    if too_large := sorted(size for size in found if size > largest):
        raise DataError(
            f"training sizes {', '.join(f'{size:,}' for size in too_large)} were asked for, and "
            f"{largest:,} texts are left to train on beside those that choose; ask for 'all'"
        )
    return tuple(sorted(found))
