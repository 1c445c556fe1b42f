"""How the learning rates move over a run: step to factor. To add one: one entry in `SCHEDULES`."""

from __future__ import annotations

from collections.abc import Callable

# Share of the steps in which the rates rise (Mosbach et al. 2021; Howard and Ruder 2018).
WARM_UP = 0.1
# How much smaller the lowest rate of the slanted triangle is than its highest.
_RATIO = 32
Factor = Callable[[int], float]


def constant(_steps: int) -> Factor:
    """The same rates all the way."""
    return lambda _: 1.0


def linear(steps: int) -> Factor:
    """Up from nothing in a tenth of the steps, then down to nothing, both in straight lines."""
    rise = max(1, round(WARM_UP * steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return max(0.0, (steps - step) / max(1, steps - rise))

    return factor


def decay(steps: int) -> Factor:
    """Down to nothing in a straight line, from the first step on."""
    return lambda step: max(0.0, 1 - step / max(1, steps))


def slanted(steps: int) -> Factor:
    """The slanted triangle of ULMFiT: a short rise, a long fall, and never quite nothing."""
    cut = max(1, int(steps * WARM_UP))

    def factor(step: int) -> float:
        step = min(step, steps)
        share = step / cut if step < cut else 1 - (step - cut) / max(1, steps - cut)
        return (1 + share * (_RATIO - 1)) / _RATIO

    return factor


SCHEDULES: dict[str, Callable[[int], Factor]] = {
    "constant": constant,
    "linear": linear,
    "decay": decay,
    "slanted": slanted,
}
