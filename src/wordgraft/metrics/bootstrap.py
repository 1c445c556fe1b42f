"""Intervals and p values from resampled texts and seeds, after Efron (1979).

A draw of texts is a row of weights: how often it holds each text. All that are compared
get the same draws, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from numpy import ndarray

# An interval covers all but this share, and a smaller p value is significant.
LEVEL = 0.05
# The most draws times texts to multiply at once, to limit memory.
_CELLS_AT_ONCE = 8_000_000


def text_draws(texts: int, draws: int, seed: Sequence[int]) -> UInt8[ndarray, "draws texts"]:
    """How often each draw holds each text; a draw holds `texts` texts, with replacement.

    Example:
        >>> text_draws(4, 2, [0]).sum(axis=1).tolist()
        [4, 4]
    """
    rng = np.random.default_rng(seed)
    counted = [np.bincount(rng.integers(0, texts, texts), minlength=texts) for _ in range(draws)]
    return np.stack(counted).astype(np.uint8)


def weighted_sums(
    weights: UInt8[ndarray, "draws texts"], counts: Float[ndarray, "texts n"]
) -> Float[ndarray, "draws n"]:
    """The sum of the counts of each draw's texts."""
    step = max(1, _CELLS_AT_ONCE // max(len(counts), 1))
    parts = [
        weights[start : start + step].astype(np.float32) @ counts
        for start in range(0, len(weights), step)
    ]
    return np.concatenate(parts).astype(np.float64)


def mean_over_seeds(
    scores: Float[ndarray, "draws seeds"], seeds: Sequence[int]
) -> Float[ndarray, " draws"]:
    """The mean score of each draw of texts, with the seeds resampled too.

    Resampling S seeds shows only (S - 1) / S of their variance; the spread is widened to make up
    for it. With one seed, only the texts vary.
    """
    means: Float[ndarray, " draws"] = scores.mean(axis=1)
    n = len(seeds)
    if n == 1:
        return means
    rng = np.random.default_rng([*seeds, 7])
    drawn = rng.integers(0, n, (len(scores), n))
    resampled = np.take_along_axis(scores, drawn, axis=1).mean(axis=1)
    spread: Float[ndarray, " draws"] = means + np.sqrt(n / (n - 1)) * (resampled - means)
    return spread


def interval_of(replicates: Float[ndarray, " draws"]) -> tuple[float, float]:
    """The lower and upper bound of the 95 % percentile interval.

    Example:
        >>> import numpy as np
        >>> interval_of(np.linspace(0, 1, 201))
        (0.025, 0.975)
    """
    low, high = np.quantile(replicates, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def two_sided_p(differences: Float[ndarray, " draws"]) -> float:
    """How probable a difference at least as large is if there is none, in either direction.

    Example:
        >>> import numpy as np
        >>> two_sided_p(np.array([0.1, 0.2, 0.3, -0.1]))
        0.8
    """
    opposite = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (1 + opposite) / (1 + len(differences)))


def holm(ps: Sequence[float]) -> list[float]:
    """P values corrected for their number by Holm's step-down (1979), which needs no independence.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(ps)
    corrected = np.empty(len(ps))
    so_far = 0.0
    for rank, place in enumerate(order):
        so_far = max(so_far, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = so_far
    return corrected.tolist()
