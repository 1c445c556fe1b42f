"""Which arm to take, in words, with the numbers that carry it and what would change it.

Scores that decide are those on texts held out of the training data, never those of the test part,
which are quoted only once the choice is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from wordgraft.comparison.compare import Comparison
from wordgraft.comparison.records import ArmRun
from wordgraft.comparison.statistics import Mean, Statistics
from wordgraft.metrics.bootstrap import LEVEL


@dataclass(frozen=True)
class Limits:
    """What the user can spend; None where it does not matter.

    Attributes:
        latency_ms: to answer one text.
        memory_mb: growth of memory in training.
        minutes: of training, the making of the table included.
        size_mb: of the saved model.
    """

    latency_ms: float | None = None
    memory_mb: float | None = None
    minutes: float | None = None
    size_mb: float | None = None


@dataclass(frozen=True)
class Costs:
    """What an arm costs at one size: means over its seeds, in the units of `Limits`."""

    latency_ms: float
    memory_mb: float
    minutes: float
    size_mb: float


UNITS = {
    "latency_ms": "ms a text",
    "memory_mb": "MB of memory",
    "minutes": "minutes of training",
    "size_mb": "MB on disk",
}


@dataclass(frozen=True)
class Recommendation:
    """The choice.

    Attributes:
        arm: the one to take; None where none does better than guessing, or none keeps the limits.
        size: labels of the runs that it rests on.
        headline: the choice in a sentence.
        reasons: the numbers that carry it.
        changes: what would change it.
    """

    arm: str | None
    size: int
    headline: str
    reasons: tuple[str, ...]
    changes: tuple[str, ...]

    def __str__(self) -> str:
        parts = [self.headline, *self.reasons]
        if self.changes:
            parts += ["What would change this:", *(f"- {change}" for change in self.changes)]
        return "\n".join(parts)


def costs(statistics: Statistics, arm: str, size: int) -> Costs:
    """Means over the seeds of an arm."""
    runs = list(statistics.runs(arm, size).values())

    def mean(value: Callable[[ArmRun], float]) -> float:
        return float(np.mean([value(run) for run in runs]))

    return Costs(
        latency_ms=mean(lambda run: run.latency_ms),
        # The first run of a process also loads libraries and warms up: the median leaves it out.
        memory_mb=float(np.median([run.memory_mb or 0.0 for run in runs])),
        minutes=mean(lambda run: (run.seconds + run.preparation_seconds) / 60),
        size_mb=mean(lambda run: run.size_bytes / 1e6),
    )


def recommend(
    comparison: Comparison,
    *,
    labels: int | None = None,
    limits: Limits = Limits(),
    choice: Statistics | None = None,
    test: Statistics | None = None,
) -> Recommendation:
    """Choose an arm for `labels` labelled texts (by default all) within `limits`.

    `choice` and `test` are the statistics of those parts, if they are at hand already.
    """
    choice = choice or Statistics(comparison, "choice")
    test = test or Statistics(comparison, "test")
    size = _nearest(comparison.sizes, labels)
    arms = choice.arms(size)
    chance = choice.above_chance(size)
    scores = {arm: choice.mean(arm, size) for arm in arms}
    order = sorted(arms, key=lambda arm: -scores[arm].value)
    works = [arm for arm in order if chance[arm] < LEVEL]
    metric = comparison.data.judge.metric
    if not works:
        best = order[0]
        return Recommendation(
            None,
            size,
            f"Nothing works: with {size:,} labels no arm does better than guessing.",
            (
                f"The best, {best}, has a {metric} of {scores[best]} on texts held out of the "
                f"training data; its own answers dealt out at random do as well (p = "
                f"{chance[best]:.2f}).",
            ),
            (
                "labels that follow from the texts: look at some by hand, and whether texts and "
                "labels still stand side by side",
                *(() if size == max(comparison.sizes) else ("more labels",)),
            ),
        )
    broken = {arm: _broken(costs(choice, arm, size), limits) for arm in works}
    within = [arm for arm in works if not broken[arm]]
    if not within:
        nearest = works[0]
        return Recommendation(
            None,
            size,
            "No arm keeps the limits and does better than guessing.",
            (f"The best, {nearest} ({metric} {scores[nearest]}), has {broken[nearest]}.",),
            ("wider limits",),
        )
    return _chosen(comparison, choice, test, size, order, within, broken, scores)


def _chosen(
    comparison: Comparison,
    choice: Statistics,
    test: Statistics,
    size: int,
    order: Sequence[str],
    within: Sequence[str],
    broken: Mapping[str, str],
    scores: Mapping[str, Mean],
) -> Recommendation:
    best, metric = within[0], comparison.data.judge.metric
    tied = _tied(choice, size, best)
    rivals = [arm for arm in within[1:] if arm in tied]
    headline = f"Take {best} with {size:,} labels."
    if rivals:
        headline = (
            f"Take {best} with {size:,} labels: it scored best, and no difference was found to "
            f"{_listed(rivals)}."
        )
    spent = costs(choice, best, size)
    reasons = [
        f"{metric} {scores[best]} on texts held out of the training data, "
        f"{_counted(scores[best].seeds)} with a 95 % interval.",
        f"On the test part, which chose nothing: {test.mean(best, size)}.",
        f"It takes {_amount(spent.minutes * 60)} to train, {spent.latency_ms:.2f} ms a text to "
        f"answer, {spent.size_mb:,.1f} MB on disk.",
    ]
    lead = [arm for arm in order if arm != best and arm in within and arm not in tied]
    if lead:
        next_best = lead[0]
        gaps = [
            each
            for each in choice.differences(size)
            if {each.first, each.second} == {best, next_best}
        ]
        reasons += [
            f"It is ahead of {next_best} by {gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}], "
            f"p = {gap.p:.3f} after correction."
            for gap in gaps
        ] or [f"No run of it and one of {next_best} have the same texts yet: resume to know more."]
    if scores[best].seeds < 3:
        reasons.append("With fewer than three seeds this may be luck: run more.")
    return Recommendation(
        best,
        size,
        headline,
        tuple(reasons),
        tuple(_changes(comparison, choice, size, best, order, broken, scores, rivals)),
    )


def _changes(
    comparison: Comparison,
    choice: Statistics,
    size: int,
    best: str,
    order: Sequence[str],
    broken: Mapping[str, str],
    scores: Mapping[str, Mean],
    rivals: Sequence[str],
) -> list[str]:
    changes = [
        f"without the limits, {arm}: {scores[arm]}, but it has {broken[arm]}"
        for arm in order
        if broken.get(arm) and scores[arm].value > scores[best].value
    ][:1]
    spent = costs(choice, best, size)
    for name in ("latency_ms", "size_mb", "minutes"):
        cheaper = [
            (getattr(costs(choice, arm, size), name), arm)
            for arm in rivals
            if getattr(costs(choice, arm, size), name) < 0.5 * getattr(spent, name)
        ]
        if cheaper:
            cost, arm = min(cheaper)
            changes.append(
                f"if {UNITS[name]} count: {arm} has {_few(cost)}, {best} "
                f"{_few(getattr(spent, name))}"
            )
    for other in comparison.sizes:
        winner = max(choice.arms(other), key=lambda arm: _value(choice, arm, other))
        if other != size and winner != best:
            known = winner in _tied(choice, other, best) or best not in choice.arms(other)
            doubt = " (no difference found)" if known else ""
            changes.append(
                f"with {other:,} labels, {winner} leads with {choice.mean(winner, other)}{doubt}"
            )
    missing = [arm for arm in comparison.description["arms"] if arm not in choice.arms(size)]
    if missing:
        changes.append(f"not known for want of finished runs: {_listed(missing)}")
    return changes


def _value(statistics: Statistics, arm: str, size: int) -> float:
    return statistics.mean(arm, size).value


def _tied(statistics: Statistics, size: int, arm: str) -> set[str]:
    """The arms that cannot be told apart from `arm`."""
    return {
        each.second if each.first == arm else each.first
        for each in statistics.differences(size)
        if arm in (each.first, each.second) and not each.found
    }


def _broken(spent: Costs, limits: Limits) -> str:
    """The limits that are not kept, in words; nothing if all are."""
    over = [
        f"{_few(getattr(spent, each.name))} {UNITS[each.name]} (limit "
        f"{_few(getattr(limits, each.name))})"
        for each in fields(Limits)
        if getattr(limits, each.name) is not None
        and getattr(spent, each.name) > getattr(limits, each.name)
    ]
    return " and ".join(over)


def _nearest(sizes: Sequence[int], labels: int | None) -> int:
    """The size that was run which is nearest in ratio."""
    if labels is None:
        return max(sizes)
    return min(sizes, key=lambda size: abs(np.log(size / labels)))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(seeds: int) -> str:
    return "one seed" if seeds == 1 else f"mean of {seeds} seeds"


def _few(value: float) -> str:
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def _amount(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
