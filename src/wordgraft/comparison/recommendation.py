"""Which method to take, in words, with the numbers that support it and what would change it.

Scores on the validation part decide. Those on the test part are only quoted once the choice is
made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wordgraft.comparison.costs import UNITS, Limits, costs_of, exceeded, few_digits
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.statistics import SeedMean, Statistics
from wordgraft.metrics.bootstrap import LEVEL


@dataclass(frozen=True)
class Recommendation:
    """The recommended method.

    Attributes:
        method: None if no method does better than guessing, or none stays within the limits.
        size: the number of labels of the runs that it rests on.
        headline: the recommendation in a sentence.
        reasons: the numbers that support it.
        changes: what would change it.
    """

    method: str | None
    size: int
    headline: str
    reasons: tuple[str, ...]
    changes: tuple[str, ...]

    def __str__(self) -> str:
        parts = [self.headline, *self.reasons]
        if self.changes:
            parts += ["What would change this:", *(f"- {change}" for change in self.changes)]
        return "\n".join(parts)


@dataclass(frozen=True, eq=False)
class _Ranking:
    """The methods at one size by their validation scores."""

    comparison: Comparison
    validation: Statistics
    size: int
    limits: Limits

    @property
    def metric(self) -> str:
        return self.comparison.data.scorer.metric

    @property
    def order(self) -> list[str]:
        """From the best to the worst."""
        return sorted(
            self.validation.methods(self.size), key=lambda method: -self.mean(method).value
        )

    def mean(self, method: str) -> SeedMean:
        return self.validation.mean(method, self.size)

    def over(self, method: str) -> str:
        """The limits that a method exceeds, in words."""
        return exceeded(costs_of(self.validation, method, self.size), self.limits)

    def tied(self, method: str, size: int) -> set[str]:
        """The methods that are statistically indistinguishable from a method."""
        return {
            pair.second if pair.first == method else pair.first
            for pair in self.validation.differences(size)
            if method in (pair.first, pair.second) and not pair.significant
        }


def recommend(
    comparison: Comparison,
    *,
    labels: int | None = None,
    limits: Limits | None = None,
    validation: Statistics | None = None,
    test: Statistics | None = None,
) -> Recommendation:
    """Choose a method for `labels` labelled texts (by default all) within `limits`.

    `validation` and `test` are the statistics of these parts, if they exist already.
    """
    validation = validation or Statistics(comparison, "validation")
    test = test or Statistics(comparison, "test")
    size = _nearest(comparison.sizes, labels)
    ranking = _Ranking(comparison, validation, size, limits or Limits())
    chance = validation.above_chance(size)
    working = [method for method in ranking.order if chance[method] < LEVEL]
    if not working:
        return _nothing_works(ranking, chance)
    within = [method for method in working if not ranking.over(method)]
    if not within:
        best = working[0]
        return Recommendation(
            None,
            size,
            "No method stays within the limits and does better than guessing.",
            (
                f"The best, {best} ({ranking.metric} {ranking.mean(best)}), has "
                f"{ranking.over(best)}.",
            ),
            ("wider limits",),
        )
    return _chosen(ranking, test, within, set(working))


def _nothing_works(ranking: _Ranking, chance: dict[str, float]) -> Recommendation:
    best, size = ranking.order[0], ranking.size
    largest = max(ranking.comparison.sizes)
    return Recommendation(
        None,
        size,
        f"Nothing works: with {size:,} labels no method does better than guessing.",
        (
            f"The best, {best}, has a {ranking.metric} of {ranking.mean(best)} on the validation "
            "part; its own predictions assigned to the texts at random do as well (p = "
            f"{chance[best]:.2f}).",
        ),
        (
            "labels that follow from the texts: look at some of them, and check that each text "
            "has the right label",
            *(() if size == largest else ("more labels",)),
        ),
    )


def _chosen(
    ranking: _Ranking, test: Statistics, within: Sequence[str], working: set[str]
) -> Recommendation:
    best, size, mean = within[0], ranking.size, ranking.mean(within[0])
    tied = ranking.tied(best, size)
    rivals = [method for method in within[1:] if method in tied]
    headline = f"Take {best} with {size:,} labels."
    if rivals:
        headline = (
            f"Take {best} with {size:,} labels: it scored best, but is statistically "
            f"indistinguishable from {_listed(rivals)}."
        )
    spent = costs_of(ranking.validation, best, size)
    tested = len(ranking.comparison.data.test_texts)
    reasons = [
        f"Its {ranking.metric} is {mean} on the validation part ({_seeds(mean.seeds)}, 95% "
        f"interval), and {test.mean(best, size)} on the {tested:,} texts of the test part.",
        f"It takes {_duration(spent.minutes * 60)} to train, {spent.latency_ms:.2f} ms to predict "
        f"a text, and {spent.size_mb:,.1f} MB on disk.",
        *_lead(ranking, best, within, tied),
    ]
    if mean.seeds < 3:
        reasons.append("With fewer than three seeds this may be luck: run more.")
    changes = _changes(ranking, best, rivals, working)
    return Recommendation(best, size, headline, tuple(reasons), tuple(changes))


def _lead(ranking: _Ranking, best: str, within: Sequence[str], tied: set[str]) -> list[str]:
    """How far the best is ahead of the next method that is distinguishable from it."""
    trailing = [method for method in within[1:] if method not in tied]
    if not trailing:
        return []
    return [
        f"It is ahead of {trailing[0]} by {pair.value:.3f} [{pair.low:.3f}, {pair.high:.3f}] on "
        f"the validation part, p = {pair.p:.3f} after Holm's correction."
        for pair in ranking.validation.differences(ranking.size)
        if {pair.first, pair.second} == {best, trailing[0]}
    ] or [
        f"No run of it and of {trailing[0]} has the same texts yet; resume the comparison to learn "
        "more."
    ]


def _changes(ranking: _Ranking, best: str, rivals: Sequence[str], working: set[str]) -> list[str]:
    validation, size = ranking.validation, ranking.size
    changes = [
        f"without the limits, {method}: {ranking.mean(method)}, but it has {ranking.over(method)}"
        for method in ranking.order
        if method in working
        and ranking.over(method)
        and ranking.mean(method).value > ranking.mean(best).value
    ][:1]
    changes += _cheaper(ranking, best, rivals)
    for other in ranking.comparison.sizes:
        leader = max(
            validation.methods(other), key=lambda method: validation.mean(method, other).value
        )
        if other != size and leader != best:
            unsure = leader in ranking.tied(best, other) or best not in validation.methods(other)
            doubt = " (not statistically significant)" if unsure else ""
            changes.append(
                f"with {other:,} labels, {leader} leads with {validation.mean(leader, other)}"
                f"{doubt}"
            )
    methods = ranking.comparison.description["methods"]
    missing = [method for method in methods if method not in validation.methods(size)]
    if missing:
        changes.append(f"not known, as no run is finished: {_listed(missing)}")
    return changes


def _cheaper(ranking: _Ranking, best: str, rivals: Sequence[str]) -> list[str]:
    """Indistinguishable methods that cost less than half as much, the cheapest for each cost."""
    spent = costs_of(ranking.validation, best, ranking.size)
    rival_costs = {method: costs_of(ranking.validation, method, ranking.size) for method in rivals}
    changes = []
    for name in ("latency_ms", "size_mb", "minutes"):
        cheaper = [
            (getattr(cost, name), method)
            for method, cost in rival_costs.items()
            if getattr(cost, name) < 0.5 * getattr(spent, name)
        ]
        if cheaper:
            cost, method = min(cheaper)
            changes.append(
                f"if {UNITS[name]} matter: {method} has {few_digits(cost)}, {best} "
                f"{few_digits(getattr(spent, name))}"
            )
    return changes


def _nearest(sizes: Sequence[int], labels: int | None) -> int:
    """The size with finished runs that is nearest to `labels` in ratio."""
    if labels is None:
        return max(sizes)
    return min(sizes, key=lambda size: abs(np.log(size / labels)))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _seeds(seeds: int) -> str:
    return "one seed" if seeds == 1 else f"mean of {seeds} seeds"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
