"""Which texts train and which validate: parts of the training data, the same for every method.

Each seed sets aside a validation part of the training texts. The other texts are put in one order,
and a sample of any size is the beginning of that order. So samples are nested, each label has its
share in all of them, and all methods train on the same texts under the same seed.
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

# Over five seeds, every text validates once, unless the data are so large that 1,000 texts suffice.
FOLDS, _MOST_VALIDATION = 5, 1_000
# Unless sizes are given, each sample is this many times as large as the one before.
STEP = 4
_SMALLEST = 20


@dataclass(frozen=True, eq=False)
class Split:
    """Places of training texts: the validation part, and the others in the order of sampling."""

    validation: Int64[ndarray, " some"]
    pool: Int64[ndarray, " others"]

    def sample(self, size: int) -> Int64[ndarray, " size"]:
        """The texts that a run with `size` labels trains on."""
        return self.pool[:size]


def split(strata: ndarray, seed: int) -> Split:
    """The split of a seed. Texts of strata with fewer than three texts never validate.

    Example:
        >>> import numpy as np
        >>> parts = split(np.repeat([0, 1], 10), seed=0)
        >>> len(parts.validation), len(parts.pool), np.sort(parts.sample(4) // 10).tolist()
        (4, 16, [0, 0, 1, 1])
    """
    turn, fold = divmod(seed, FOLDS)
    rank, sizes = _ranks(strata, np.random.default_rng([turn, 0]))
    validation = np.flatnonzero((rank % FOLDS == fold) & (sizes > 2))
    rng = np.random.default_rng([seed, 1])
    if len(validation) > _MOST_VALIDATION:
        order = spread_out(strata[validation], rng)
        validation = np.sort(validation[order[:_MOST_VALIDATION]])
    rest = np.setdiff1d(np.arange(len(strata)), validation)
    return Split(validation, rest[spread_out(strata[rest], rng)])


def spread_out(
    strata: ndarray, rng: Generator, *, rare_last: bool = False
) -> Int64[ndarray, " texts"]:
    """Places in a random order in which every stratum is spread evenly.

    One text of each stratum comes first, so that small samples hold all of them. With `rare_last`,
    strata are spread without that.
    """
    rank, sizes = _ranks(strata, rng)
    share = (rank + (0.5 if rare_last else 0.0)) / sizes
    return np.lexsort((rng.random(len(strata)), share))


def _ranks(strata: ndarray, rng: Generator) -> tuple[ndarray, ndarray]:
    """For each text a random rank within its stratum, and the size of the stratum."""
    rank, sizes = np.zeros(len(strata), np.int64), np.zeros(len(strata), np.int64)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        rank[members], sizes[members] = np.arange(len(members)), len(members)
    return rank, sizes


def largest_sample(strata: ndarray, seeds: Sequence[int]) -> int:
    """The number of texts that every seed leaves for training."""
    return min(len(split(strata, seed).pool) for seed in seeds)


def sizes_up_to(largest: int, count: int = 4, *, kinds: int = 2) -> tuple[int, ...]:
    """At most `count` sizes that end with `largest`, each a quarter of the next.

    `kinds` is the number of labels: the smallest sample should hold a few texts of each.

    Example:
        >>> sizes_up_to(8_543)
        (134, 534, 2136, 8543)
    """
    smallest = max(_SMALLEST, 4 * kinds)
    sizes = [largest]
    while len(sizes) < count and sizes[-1] / STEP >= smallest:
        sizes.append(round(sizes[-1] / STEP))
    return tuple(reversed(sizes))


def checked_sizes(requested: Sequence[int | str], largest: int) -> tuple[int, ...]:
    """The sizes that a user requested, in order; `all` is the largest.

    Raises `DataError` for a size below 2 or above the largest.

    Example:
        >>> checked_sizes(["all", 100], 300)
        (100, 300)
    """
    sizes = {largest if size == "all" else int(size) for size in requested}
    if min(sizes) < 2:
        raise DataError(f"a training size is {min(sizes)}; expected at least 2")
    if too_large := sorted(size for size in sizes if size > largest):
        raise DataError(
            f"training sizes {', '.join(f'{size:,}' for size in too_large)} are too large: "
            f"{largest:,} texts are left for training beside the validation part; use 'all' for "
            "all of them"
        )
    return tuple(sorted(sizes))
