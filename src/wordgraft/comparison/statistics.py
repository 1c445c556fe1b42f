"""Means with intervals, and paired differences between methods.

The bootstrap resamples seeds and texts, the same ones for every method, so that differences are
paired. With one seed, intervals cover only the variation between texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.comparison.records import MethodRun
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.splits import split
from wordgraft.metrics.bootstrap import (
    LEVEL,
    holm,
    interval_of,
    mean_over_seeds,
    text_draws,
    two_sided_p,
    weighted_sums,
)

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from numpy import ndarray

DRAWS = 2_000
_GUESSES = 400


@dataclass(frozen=True)
class SeedMean:
    """A mean over seeds with its 95 % interval."""

    value: float
    low: float
    high: float
    seeds: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Difference:
    """`first` minus `second` at one size, over the seeds that both have.

    Attributes:
        value, low, high: the mean difference and its 95 % interval.
        p: how probable a difference at least as large is if there is none; corrected after Holm
            (1979) for all pairs at this size.
    """

    size: int
    first: str
    second: str
    value: float
    low: float
    high: float
    p: float

    @property
    def significant(self) -> bool:
        """Whether the difference is statistically significant."""
        return self.p < LEVEL

    def reversed(self) -> Difference:
        """`second` minus `first`."""
        return Difference(
            self.size, self.second, self.first, -self.value, -self.high, -self.low, self.p
        )


class Statistics:
    """The scores on one part of a comparison's data.

    Args:
        part: `validation`, by which methods are recommended, or `test`.
        draws: of the bootstrap.
    """

    def __init__(self, comparison: Comparison, part: str, *, draws: int = DRAWS) -> None:
        self.comparison, self.part, self.draws = comparison, part, draws
        self._runs: dict[tuple[str, int], dict[int, MethodRun]] = {}
        self._means: dict[tuple[str, int], SeedMean] = {}
        self._pairs: dict[int, list[Difference]] = {}
        self._drawn_scores: dict[tuple[str, int, int], Float[ndarray, " draws"]] = {}
        # Of the test part, all seeds share one entry.
        self._truths: dict[int, list[Any]] = {}
        self._draws: dict[int, ndarray] = {}
        for run in comparison.runs:
            self._runs.setdefault((run.method, run.size), {})[run.seed] = run

    def runs(self, method: str, size: int) -> Mapping[int, MethodRun]:
        """The finished runs by seed."""
        return self._runs.get((method, size), {})

    def methods(self, size: int) -> tuple[str, ...]:
        """The methods that have a run of this size."""
        return tuple(method for method in self.comparison.methods if self.runs(method, size))

    def mean(self, method: str, size: int) -> SeedMean:
        """The mean score of a method, with its interval."""
        if (method, size) not in self._means:
            self._means[method, size] = self._interval(method, size)
        return self._means[method, size]

    def _interval(self, method: str, size: int) -> SeedMean:
        seeds = tuple(self.runs(method, size))
        replicates = mean_over_seeds(self._replicates(method, size, seeds), seeds)
        low, high = interval_of(replicates)
        return SeedMean(self.score(method, size), max(0.0, low), min(1.0, high), len(seeds))

    def differences(self, size: int) -> list[Difference]:
        """Every pair of methods at a size, the better one first, corrected together."""
        if size not in self._pairs:
            pairs = (self._difference(size, *pair) for pair in combinations(self.methods(size), 2))
            uncorrected = [pair for pair in pairs if pair is not None]
            ps = holm([pair.p for pair in uncorrected])
            self._pairs[size] = [
                replace(pair, p=p) for pair, p in zip(uncorrected, ps, strict=True)
            ]
        return self._pairs[size]

    def above_chance(self, size: int) -> dict[str, float]:
        """How probable each method's score is if its predictions ignore the texts.

        The method's own predictions are assigned to the texts at random; corrected for all methods.
        """
        methods, ps = self.methods(size), []
        for method in methods:
            runs = self.runs(method, size)
            rng = np.random.default_rng(0)
            guessed = [
                self._scorer.guesses(self._truth(seed), run.predictions[self.part], rng, _GUESSES)
                for seed, run in runs.items()
            ]
            score = np.mean([self._score(method, size, seed) for seed in runs])
            as_good = int((np.mean(guessed, axis=0) >= score - 1e-9).sum())
            ps.append((1 + as_good) / (1 + _GUESSES))
        return dict(zip(methods, holm(ps), strict=True))

    def score(self, method: str, size: int) -> float:
        """The mean score of a method, without its interval."""
        return float(np.mean([self._score(method, size, seed) for seed in self.runs(method, size)]))

    @property
    def _scorer(self) -> Any:
        return self.comparison.data.scorer

    def _score(self, method: str, size: int, seed: int) -> float:
        return self.runs(method, size)[seed].scores[self.part][self._scorer.metric]

    def _difference(self, size: int, a: str, b: str) -> Difference | None:
        seeds = tuple(seed for seed in self.runs(a, size) if seed in self.runs(b, size))
        if not seeds:
            return None
        drawn = self._replicates(a, size, seeds) - self._replicates(b, size, seeds)
        drawn = mean_over_seeds(drawn, seeds)
        value = float(np.mean([self._score(a, size, s) - self._score(b, size, s) for s in seeds]))
        if value < 0:
            a, b, value, drawn = b, a, -value, -drawn
        return Difference(size, a, b, value, *interval_of(drawn), two_sided_p(drawn))

    def _replicates(
        self, method: str, size: int, seeds: Sequence[int]
    ) -> Float[ndarray, "draws seeds"]:
        """The scores of each seed's run on each draw of texts."""
        scores = []
        for seed in seeds:
            key = (method, size, seed)
            if key not in self._drawn_scores:
                run = self.runs(method, size)[seed]
                counts = self._scorer.counts(self._truth(seed), run.predictions[self.part])
                sums = weighted_sums(self._weights(seed), counts)
                self._drawn_scores[key] = self._scorer.score(sums).astype(np.float32)
            scores.append(self._drawn_scores[key])
        return np.stack(scores, axis=1)

    def _truth(self, seed: int) -> list[Any]:
        key = seed if self.part == "validation" else -1
        if key not in self._truths:
            data = self.comparison.data
            labels = data.test_labels
            if self.part == "validation":
                labels = [data.labels[i] for i in split(data.strata, seed).validation]
            self._truths[key] = self._scorer.coded(labels)
        return self._truths[key]

    def _weights(self, seed: int) -> UInt8[ndarray, "draws texts"]:
        """How often each draw holds each text: the same draws for all methods."""
        key = seed if self.part == "validation" else -1
        if key not in self._draws:
            self._draws[key] = text_draws(len(self._truth(seed)), self.draws, [key + 1, 11])
        return self._draws[key]
