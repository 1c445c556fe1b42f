"""Which run comes next: the one expected to narrow the intervals most for its time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from wordgraft.comparison.records import Cell

# The largest size decides; the others show the shape of the learning curves.
_LARGEST_COUNTS = 2.0
# Measured speeds vary: a run must fit into the remaining time even if it takes this many times
# as long as expected.
SLACK = 1.25


class Speeds:
    """Seconds that runs of each method took, and estimates for other runs.

    Example:
        >>> speeds = Speeds()
        >>> speeds.add("tfidf", 100, 2.0)
        >>> speeds.of(Cell("tfidf", 400, 0))
        8.0
    """

    def __init__(self) -> None:
        self._seconds: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, method: str, size: int, seconds: float) -> None:
        self._seconds[method][size].append(seconds)

    def of(self, cell: Cell) -> float | None:
        """Expected seconds of a run; None before the first run of its method.

        A straight line through the means of the measured sizes. From a single size, seconds grow in
        proportion to the size, which overestimates larger ones.
        """
        measured = {
            size: float(np.mean(times)) for size, times in self._seconds[cell.method].items()
        }
        if not measured:
            return None
        if cell.size in measured:
            return measured[cell.size]
        if len(measured) == 1:
            ((size, seconds),) = measured.items()
            return seconds * max(cell.size / size, 1.0)
        slope, start = np.polyfit(list(measured), list(measured.values()), 1)
        below = [seconds for size, seconds in measured.items() if size < cell.size]
        return float(max(start + slope * cell.size, *below, 0.0))


def cells_of(methods: Sequence[str], sizes: Sequence[int], seeds: Sequence[int]) -> list[Cell]:
    """All runs of a comparison."""
    return [Cell(method, size, seed) for size in sizes for seed in seeds for method in methods]


def next_cell(
    left: Collection[Cell], done: Iterable[Cell], speeds: Speeds, seconds_left: float | None
) -> Cell | None:
    """The run to make next, or None if none fits into the remaining time.

    First, each method runs once with the fewest labels, which measures its speed. Then comes the
    run with the highest gain per second: the k-th seed of a method and size narrows the interval of
    its mean by about 1/k², and counts twice at the largest size. Seeds run in order, so that
    methods stay paired.
    """
    if not left:
        return None
    done = list(done)
    begun = {cell.method for cell in done}
    first = [cell for cell in left if cell.method not in begun and speeds.of(cell) is None]
    if first:
        return min(first, key=lambda cell: (cell.size, cell.seed, _place(left, cell.method)))
    runs = Counter((cell.method, cell.size) for cell in done)
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
        return weight / (runs[cell.method, cell.size] + 1) ** 2 / max(expected[cell], 1e-3)

    return max(fitting, key=lambda cell: (worth(cell), -cell.seed, -_place(left, cell.method)))


def _next_seeds(left: Collection[Cell]) -> list[Cell]:
    """The lowest remaining seed of each method and size."""
    lowest: dict[tuple[str, int], Cell] = {}
    for cell in left:
        key = (cell.method, cell.size)
        if key not in lowest or cell.seed < lowest[key].seed:
            lowest[key] = cell
    return list(lowest.values())


def _place(left: Collection[Cell], method: str) -> int:
    """Breaks ties by the order in which methods were given."""
    return next(place for place, cell in enumerate(left) if cell.method == method)


def forecast(left: Iterable[Cell], speeds: Speeds) -> Mapping[str, float]:
    """Expected seconds of the remaining runs by method; methods of unknown speed are left out."""
    seconds: dict[str, float] = defaultdict(float)
    for cell in left:
        expected = speeds.of(cell)
        if expected is not None:
            seconds[cell.method] += expected
    return dict(seconds)
