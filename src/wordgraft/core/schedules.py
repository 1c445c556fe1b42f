"""Learning-rate schedules: from the step to a factor. To add one: one entry in `SCHEDULES`."""

from __future__ import annotations

import math
from collections.abc import Callable

# Share of the steps during which the rates rise (Mosbach et al. 2021).
WARM_UP = 0.1
Factor = Callable[[int], float]


def constant(_steps: int) -> Factor:
    """The same rates throughout."""
    return lambda _: 1.0


def linear(steps: int) -> Factor:
    """Linear warm-up over a tenth of `steps`, then linear decay to zero.

    >>> factor = linear(100)
    >>> [factor(step) for step in (0, 9, 55, 100)]
    [0.1, 1.0, 0.5, 0.0]
    """
    rise = max(1, round(WARM_UP * steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return max(0.0, (steps - step) / max(1, steps - rise))

    return factor


def warmup_cosine(steps: int) -> Factor:
    """Linear warm-up over a tenth of `steps`, then half a cosine down to zero.

    >>> factor = warmup_cosine(20)
    >>> [round(factor(step), 3) for step in (0, 1, 10, 20)]
    [0.5, 0.994, 0.5, 0.0]
    """
    rise = max(1, steps // 10)

    def factor(step: int) -> float:
        fall = (1 + math.cos(math.pi * min(step / steps, 1))) / 2
        return min((step + 1) / rise, fall)

    return factor


# The schedules that a user can choose.
SCHEDULES: dict[str, Callable[[int], Factor]] = {"constant": constant, "linear": linear}
