"""Which run next: what teaches most for its time, by speeds that were measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from wordgraft.comparison.records import Cell

# The largest size is where the decision falls; the others show where the curves go.
_LARGEST_COUNTS = 2.0
# Measured speeds scatter: a run must fit into the time left even if it takes this many times what
# is expected of it.
SLACK = 1.25


class Speeds:
    """Seconds that runs took, by arm, and what others will take by them."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, arm: str, size: int, seconds: float) -> None:
        self._seen[arm][size].append(seconds)

    def seen(self, arm: str) -> Collection[int]:
        """The sizes of an arm that were measured."""
        return self._seen[arm].keys()

    def of(self, cell: Cell) -> float | None:
        """Expected seconds of a run; None before the arm's first.

        A straight line through the means of two sizes or more; of one, in proportion to the size,
        which is on the safe side for larger ones.
        """
        seen = {size: float(np.mean(times)) for size, times in self._seen[cell.arm].items()}
        if not seen:
            return None
        if cell.size in seen:
            return seen[cell.size]
        if len(seen) == 1:
            ((size, seconds),) = seen.items()
            return seconds * max(cell.size / size, 1.0)
        slope, start = np.polyfit(list(seen), list(seen.values()), 1)
        below = [seconds for size, seconds in seen.items() if size < cell.size]
        return float(max(start + slope * cell.size, *below, 0.0))


def cells_of(arms: Sequence[str], sizes: Sequence[int], seeds: Sequence[int]) -> list[Cell]:
    """All runs of a comparison."""
    return [Cell(arm, size, seed) for size in sizes for seed in seeds for arm in arms]


def next_cell(
    left: Collection[Cell], done: Iterable[Cell], speeds: Speeds, seconds_left: float | None
) -> Cell | None:
    """The run to make next, or None when none fits into the time left.

    First each arm once with the fewest labels, which measures its speed. Then what teaches most a
    second: the k-th seed of an arm and size narrows its mean by about 1/k², and counts twice at
    the largest size. Seeds go in order, so that arms stay paired.
    """
    if not left:
        return None
    done = list(done)
    begun = {cell.arm for cell in done}
    first = [cell for cell in left if cell.arm not in begun and speeds.of(cell) is None]
    if first:
        return min(first, key=lambda cell: (cell.size, cell.seed, _place(left, cell.arm)))
    seen = Counter((cell.arm, cell.size) for cell in done)
    largest = max(cell.size for cell in [*left, *done])
    candidates = _next_seeds(left)
    expected = {cell: speeds.of(cell) or 0.0 for cell in candidates}
    fitting = [
        cell
        for cell in candidates
        if seconds_left is None or expected[cell] * SLACK <= seconds_left
    ]
    if not fitting:
        return None

    def worth(cell: Cell) -> float:
        weight = _LARGEST_COUNTS if cell.size == largest else 1.0
        return weight / (seen[cell.arm, cell.size] + 1) ** 2 / max(expected[cell], 1e-3)

    return max(fitting, key=lambda cell: (worth(cell), -cell.seed, -_place(left, cell.arm)))


def _next_seeds(left: Collection[Cell]) -> list[Cell]:
    """Of each arm and size, the lowest seed that is left."""
    lowest: dict[tuple[str, int], Cell] = {}
    for cell in left:
        key = (cell.arm, cell.size)
        if key not in lowest or cell.seed < lowest[key].seed:
            lowest[key] = cell
    return list(lowest.values())


def _place(left: Collection[Cell], arm: str) -> int:
    """Arms that are equal in all else go in the order they were given in."""
    return next(place for place, cell in enumerate(left) if cell.arm == arm)


def forecast(left: Iterable[Cell], speeds: Speeds) -> Mapping[str, float]:
    """Expected seconds that are left, by arm; arms of unknown speed are left out."""
    seconds: dict[str, float] = defaultdict(float)
    for cell in left:
        expected = speeds.of(cell)
        if expected is not None:
            seconds[cell.arm] += expected
    return dict(seconds)
