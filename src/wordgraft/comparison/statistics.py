"""Means with intervals, paired differences, and what they come to.

The bootstrap resamples seeds and texts, the same ones for every arm, so that differences are
paired. Resampling S seeds shows only (S - 1) / S of their variance, which is made up for. With one
seed, intervals are those of the texts alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.comparison.compare import Comparison
from wordgraft.comparison.records import ArmRun
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
    from jaxtyping import Float
    from numpy import ndarray

DRAWS = 2_000
_GUESSES = 400


@dataclass(frozen=True)
class Mean:
    """A mean over seeds, and the interval that holds it with 95 %."""

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
        p: chance of a difference as large if there is none, corrected after Holm (1979) for all
            pairs at this size.
    """

    size: int
    first: str
    second: str
    value: float
    low: float
    high: float
    p: float

    @property
    def found(self) -> bool:
        """Whether the two can be told apart."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Efficiency:
    """How many labels the random start needs to match an arm.

    Attributes:
        labels: interpolated on its learning curve; None where it never gets there, and the number
            is more than `most`.
    """

    arm: str
    size: int
    score: float
    labels: float | None
    most: int


@dataclass(frozen=True)
class TrainingSpeed:
    """What an arm needs to come down to the random start's best loss on held-out texts.

    Means over the seeds in which it does; None where it never does.
    """

    arm: str
    size: int
    reached: int
    seeds: int
    steps: float | None
    seconds: float | None


class Statistics:
    """The scores of one part of a comparison's data: `test`, or `choice`, which decides."""

    def __init__(self, comparison: Comparison, part: str, *, draws: int = DRAWS) -> None:
        self.comparison, self.part, self.draws = comparison, part, draws
        self._runs: dict[tuple[str, int], dict[int, ArmRun]] = {}
        self._means: dict[tuple[str, int], Mean] = {}
        self._pairs: dict[int, list[Difference]] = {}
        for run in comparison.runs:
            self._runs.setdefault((run.arm, run.size), {})[run.seed] = run

    def runs(self, arm: str, size: int) -> Mapping[int, ArmRun]:
        """The finished runs by seed."""
        return self._runs.get((arm, size), {})

    def arms(self, size: int) -> tuple[str, ...]:
        """The arms that have a run of this size."""
        return tuple(arm for arm in self.comparison.arms if self.runs(arm, size))

    def mean(self, arm: str, size: int) -> Mean:
        """The mean score of an arm, with its interval."""
        if (arm, size) not in self._means:
            self._means[arm, size] = self._interval(arm, size)
        return self._means[arm, size]

    def _interval(self, arm: str, size: int) -> Mean:
        seeds = tuple(self.runs(arm, size))
        value = float(np.mean([self._score(arm, size, seed) for seed in seeds]))
        replicates = mean_over_seeds(self._replicates(arm, size, seeds), seeds)
        low, high = interval_of(replicates)
        return Mean(value, max(0.0, low), min(1.0, high), len(seeds))

    def differences(self, size: int) -> list[Difference]:
        """Every pair of arms at a size, the better one first, corrected together."""
        if size not in self._pairs:
            pairs = (self._difference(size, *pair) for pair in combinations(self.arms(size), 2))
            found = [each for each in pairs if each is not None]
            ps = holm([each.p for each in found])
            self._pairs[size] = [replace(each, p=p) for each, p in zip(found, ps, strict=True)]
        return self._pairs[size]

    def above_chance(self, size: int) -> dict[str, float]:
        """By arm, the chance of its score if its answers had nothing to do with the texts.

        The arm's own answers are dealt out to the texts at random; corrected for all arms.
        """
        arms, ps = self.arms(size), []
        for arm in arms:
            runs = self.runs(arm, size)
            rng = np.random.default_rng(0)
            guessed = [
                self._judge.guesses(self._truth(seed), run.predictions[self.part], rng, _GUESSES)
                for seed, run in runs.items()
            ]
            score = np.mean([self._score(arm, size, seed) for seed in runs])
            as_good = int((np.mean(guessed, axis=0) >= score - 1e-9).sum())
            ps.append((1 + as_good) / (1 + _GUESSES))
        return dict(zip(arms, holm(ps), strict=True))

    def efficiency(self, start: str = "random") -> list[Efficiency]:
        """For each arm and size, the labels that `start` needs for the same mean score."""
        curve = [
            (size, self._mean(start, size))
            for size in self.comparison.sizes
            if self.runs(start, size)
        ]
        if len(curve) < 2:
            return []
        sizes = np.array([size for size, _ in curve], float)
        best = np.maximum.accumulate([score for _, score in curve])
        found = []
        for arm in self.comparison.arms:
            for size in self.comparison.sizes:
                if arm == start or not self.runs(arm, size):
                    continue
                score = self._mean(arm, size)
                labels = _crossing(sizes, best, score)
                found.append(Efficiency(arm, size, score, labels, int(sizes[-1])))
        return found

    def training_speed(self, size: int, start: str = "random") -> list[TrainingSpeed]:
        """Of the arms with a curve of held-out losses, what each needs to reach `start`'s best.

        An arm and `start` of one seed hold out the same texts, so their losses can be compared.
        """
        starts = {seed: run.training for seed, run in self.runs(start, size).items()}
        found = []
        for arm in self.arms(size):
            steps, seconds, compared = [], [], 0
            for seed, run in self.runs(arm, size).items():
                target, own = starts.get(seed), run.training
                if target is None or own is None or not _comparable(target, own):
                    continue
                compared += 1
                reached = _first_at(own, min(target["validation_losses"]))
                if reached is not None:
                    steps.append(reached[0])
                    seconds.append(reached[1])
            if compared:
                found.append(
                    TrainingSpeed(
                        arm,
                        size,
                        len(steps),
                        compared,
                        float(np.mean(steps)) if steps else None,
                        float(np.mean(seconds)) if seconds else None,
                    )
                )
        return found

    @property
    def _judge(self) -> Any:
        return self.comparison.data.judge

    def _score(self, arm: str, size: int, seed: int) -> float:
        return self.runs(arm, size)[seed].scores[self.part][self._judge.metric]

    def _mean(self, arm: str, size: int) -> float:
        return float(np.mean([self._score(arm, size, seed) for seed in self.runs(arm, size)]))

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
        self, arm: str, size: int, seeds: Sequence[int]
    ) -> Float[ndarray, "draws seeds"]:
        """The scores of each seed's run on each draw of texts."""
        found = []
        for seed in seeds:
            key = (arm, size, seed)
            if key not in self._kept:
                run = self.runs(arm, size)[seed]
                counts = self._judge.counts(self._truth(seed), run.predictions[self.part])
                sums = weighted_sums(self._weights(seed), counts)
                self._kept[key] = self._judge.score(sums).astype(np.float32)
            found.append(self._kept[key])
        return np.stack(found, axis=1)

    @cached_property
    def _kept(self) -> dict[tuple[str, int, int], Float[ndarray, " draws"]]:
        return {}

    def _truth(self, seed: int) -> list[Any]:
        key = seed if self.part == "choice" else -1
        if key not in self._truths:
            data = self.comparison.data
            labels = data.test_labels
            if self.part == "choice":
                labels = [data.labels[i] for i in split(data.strata, seed).choice]
            self._truths[key] = self._judge.coded(labels)
        return self._truths[key]

    @cached_property
    def _truths(self) -> dict[int, list[Any]]:
        return {}

    def _weights(self, seed: int) -> Float[ndarray, "draws texts"]:
        """How often each draw holds each text: one draw for all arms, and on test for all seeds."""
        key = seed if self.part == "choice" else -1
        if key not in self._drawn:
            self._drawn[key] = text_draws(len(self._truth(seed)), self.draws, [key + 1, 11])
        return self._drawn[key]

    @cached_property
    def _drawn(self) -> dict[int, ndarray]:
        return {}


def _crossing(
    sizes: Float[ndarray, " sizes"], best: Float[ndarray, " sizes"], score: float
) -> float | None:
    """Where a rising curve over the logarithm of sizes reaches a score; None where it never does.

    A score below the curve's first is reached with no more than the first size.
    """
    if score > best[-1]:
        return None
    place = int(np.argmax(best >= score))
    if place == 0:
        return float(sizes[0])
    low, high = np.log(sizes[place - 1]), np.log(sizes[place])
    share = (score - best[place - 1]) / (best[place] - best[place - 1])
    return float(np.exp(low + share * (high - low)))


def _comparable(target: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether two loops had validation parts of the same size and recorded the loss on them."""
    losses = target.get("validation_losses"), own.get("validation_losses")
    texts = target.get("validation_texts"), own.get("validation_texts")
    return all(losses) and bool(texts[0]) and texts[0] == texts[1]


def _first_at(training: Mapping[str, Any], loss: float) -> tuple[float, float] | None:
    """Steps and seconds of the first epoch whose held-out loss is no higher, None if there is none.

    Epochs of one run take equally long, near enough.
    """
    losses = training["validation_losses"]
    reached = [epoch for epoch, value in enumerate(losses, 1) if value <= loss]
    if not reached:
        return None
    per_epoch = -(-int(training["texts"]) // int(training["batch_size"]))
    return reached[0] * per_epoch, training["seconds"] * reached[0] / len(losses)
