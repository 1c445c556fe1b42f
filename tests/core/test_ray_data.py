"""A dataset through a pool of workers, and outputs merged in a tree, on a small Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa
import pytest
import ray
from clusters import start_ray

from wordgraft.core.ray import RetryLimit, Workers, connected
from wordgraft.core.ray_data import map_rows, merged_in_tree, output_row

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of two CPUs that both tests share."""
    start_ray(sys.modules[__name__])
    with connected(None):
        yield
    ray.shutdown()


def joined(one: list[int], other: list[int]) -> list[int]:
    return sorted(one + other)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", [1, 2, 7])
def test_every_output_is_merged_once(number: int) -> None:
    outputs = [ray.put(output_row([place])) for place in range(number)]
    done: list[int] = []
    root = merged_in_tree(outputs, joined, lambda: done.append(1))
    assert ray.get(root) == list(range(number))
    assert len(done) == number


class Squares:
    """Sums the squares of the rows of a batch."""

    def __call__(self, rows: pa.Table) -> pa.Table:
        return output_row(sum(number**2 for number in rows["n"].to_pylist()))


@pytest.mark.usefixtures("cluster")
def test_every_row_goes_through_one_worker() -> None:
    tables = [pa.table({"n": [number]}) for number in range(20)]
    dataset: Callable[[], ray.data.Dataset] = partial(ray.data.from_arrow, tables)
    outputs = map_rows(dataset, Squares, Workers(2, 0, "cpu"), RetryLimit(), rows=len(tables))
    total = ray.get(merged_in_tree(outputs, lambda one, other: one + other, lambda: None))
    assert total == sum(number**2 for number in range(20))
