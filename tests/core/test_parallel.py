"""Work side by side: in order, no further ahead than told, and PyTorch's threads as they were."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from wordgraft.core.parallel import map_in_parallel, prefetched, run_in_parallel


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def _refuse(part: int) -> None:
    raise ValueError(f"no {part}")


def test_each_part_has_one_thread_of_pytorch() -> None:
    seen: list[int] = []
    run_in_parallel(lambda part: seen.append(part * torch.get_num_threads()), [1, 2, 3])
    assert sorted(seen) == [1, 2, 3]


def test_what_one_part_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="no 1"):
        run_in_parallel(_refuse, [1, 2, 3])


def test_results_come_in_the_order_of_the_parts() -> None:
    second_done = threading.Event()

    def first_waits(part: int) -> int:
        if part == 0:
            second_done.wait()
        if part == 1:
            second_done.set()
        return part

    assert [*map_in_parallel(first_waits, range(20))] == [*range(20)]


def test_two_parts_are_worked_on_at_once() -> None:
    both = threading.Barrier(2)
    assert [*map_in_parallel(lambda part: both.wait() >= 0 and part, [1, 2])] == [1, 2]


def test_too_few_parts_are_worked_on_here() -> None:
    here = threading.get_ident()
    found = map_in_parallel(lambda _: threading.get_ident(), [1, 2, 3], fewest=4)
    assert {*found} == {here}
    assert torch.get_num_threads() == 2


class Parts(list[int]):
    """Counts how many parts have been asked for."""

    asked = 0

    def __iter__(self) -> Iterator[int]:
        for part in super().__iter__():
            self.asked += 1
            yield part


def test_no_more_is_made_than_is_taken_soon() -> None:
    made: list[int] = []
    parts = Parts(range(100))
    results = map_in_parallel(made.append, parts)
    for taken in range(1, 4):
        next(results)
        assert parts.asked == taken + 2  # two threads have one each
    results.close()  # type: ignore[attr-defined]
    assert parts.asked == 5
    assert made == [0, 1, 2, 3, 4][: len(made)]


def test_items_are_made_ahead_in_order() -> None:
    assert [*prefetched(iter([3, 1, 2]))] == [3, 1, 2]
