"""What a start is worth: in labels, and in steps of training, measured against random rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.comparison.statistics import Statistics

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


@dataclass(frozen=True)
class LabelEfficiency:
    """How many labels random rows need to match a method.

    Attributes:
        method, size, score: the method, its number of labels and its mean score.
        labels: interpolated on the learning curve of random rows; None if they never reach the
            score, so that the number is above `most`.
        most: the largest size of random rows.
    """

    method: str
    size: int
    score: float
    labels: float | None
    most: int


@dataclass(frozen=True)
class TrainingSpeed:
    """What a method needs to reach the lowest validation loss of random rows.

    Attributes:
        reached, seeds: in how many seeds, out of how many, it reaches that loss.
        steps, seconds: means over the seeds in which it does; None if it never does.
    """

    method: str
    size: int
    reached: int
    seeds: int
    steps: float | None
    seconds: float | None


def label_efficiency(statistics: Statistics, start: str = "random") -> list[LabelEfficiency]:
    """For each method and size, the labels that `start` needs for the same mean score."""
    comparison = statistics.comparison
    curve = [
        (size, statistics.score(start, size))
        for size in comparison.sizes
        if statistics.runs(start, size)
    ]
    if len(curve) < 2:
        return []
    sizes = np.array([size for size, _ in curve], float)
    best = np.maximum.accumulate([score for _, score in curve])
    rows = []
    for method in comparison.methods:
        for size in comparison.sizes:
            if method == start or not statistics.runs(method, size):
                continue
            score = statistics.score(method, size)
            labels = crossing(sizes, best, score)
            rows.append(LabelEfficiency(method, size, score, labels, int(sizes[-1])))
    return rows


def training_speed(statistics: Statistics, size: int, start: str = "random") -> list[TrainingSpeed]:
    """What each method with a curve of validation losses needs to reach `start`'s lowest.

    A method and `start` under the same seed validate on the same texts, so that their losses can be
    compared.
    """
    starts = {seed: run.training for seed, run in statistics.runs(start, size).items()}
    rows = []
    for method in statistics.methods(size):
        steps, seconds, compared = [], [], 0
        for seed, run in statistics.runs(method, size).items():
            target, training = starts.get(seed), run.training
            if target is None or training is None or not _comparable(target, training):
                continue
            compared += 1
            reached = _first_at(training, min(target[_LOSSES]))
            if reached is not None:
                steps.append(reached[0])
                seconds.append(reached[1])
        if compared:
            rows.append(
                TrainingSpeed(
                    method,
                    size,
                    len(steps),
                    compared,
                    float(np.mean(steps)) if steps else None,
                    float(np.mean(seconds)) if seconds else None,
                )
            )
    return rows


def crossing(
    sizes: Float[ndarray, " sizes"], best: Float[ndarray, " sizes"], score: float
) -> float | None:
    """Where a rising curve over the logarithm of sizes reaches a score; None if it never does.

    A score below the curve's first point is reached with the first size.

    Example:
        >>> import numpy as np
        >>> round(crossing(np.array([20.0, 80.0]), np.array([0.4, 0.8]), 0.6))
        40
    """
    if score > best[-1]:
        return None
    place = int(np.argmax(best >= score))
    if place == 0:
        return float(sizes[0])
    low, high = np.log(sizes[place - 1]), np.log(sizes[place])
    share = (score - best[place - 1]) / (best[place] - best[place - 1])
    return float(np.exp(low + share * (high - low)))


# Entries of a training record.
_LOSSES, _VALIDATION = "validation_losses", "validation_texts"


def _comparable(target: Mapping[str, Any], training: Mapping[str, Any]) -> bool:
    """Whether two training loops followed their loss on as many validation texts."""
    return (
        bool(target.get(_LOSSES))
        and bool(training.get(_LOSSES))
        and bool(target.get(_VALIDATION))
        and target.get(_VALIDATION) == training.get(_VALIDATION)
    )


def _first_at(training: Mapping[str, Any], loss: float) -> tuple[float, float] | None:
    """Steps and seconds until the first epoch whose validation loss is at most `loss`.

    Epochs of one run are taken to be equally long.
    """
    losses = training[_LOSSES]
    epochs = [epoch for epoch, value in enumerate(losses, 1) if value <= loss]
    if not epochs:
        return None
    per_epoch = -(-int(training["texts"]) // int(training["batch_size"]))
    return epochs[0] * per_epoch, training["seconds"] * epochs[0] / len(losses)
