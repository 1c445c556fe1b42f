"""Work side by side: in order, no further ahead than told, and PyTorch's threads as they were."""

from __future__ import annotations

import threading
import time
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
    def slow_first(part: int) -> int:
        time.sleep(0.05 if part == 0 else 0)
        return part

    assert [*map_in_parallel(slow_first, range(20))] == [*range(20)]


def test_two_parts_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=20)
    assert [*map_in_parallel(lambda part: both.wait() >= 0 and part, [1, 2])] == [1, 2]


def test_too_few_parts_are_worked_on_here() -> None:
    here = threading.get_ident()
    found = map_in_parallel(lambda _: threading.get_ident(), [1, 2, 3], fewest=4)
    assert {*found} == {here}
    assert torch.get_num_threads() == 2


def test_no_more_is_made_than_is_taken_soon() -> None:
    made: list[int] = []
    results = map_in_parallel(made.append, range(100))
    next(results)
    time.sleep(0.05)
    assert len(made) <= 4
    results.close()  # type: ignore[attr-defined]
    assert len(made) <= 4


def test_items_are_made_ahead_in_order() -> None:
    assert [*prefetched(iter([3, 1, 2]))] == [3, 1, 2]
