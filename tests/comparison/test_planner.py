"""Which run is next: first speeds, then what narrows intervals most, within the budget."""

from __future__ import annotations

import pytest

from wordgraft.comparison.planner import Speeds, cells_of, forecast, next_cell
from wordgraft.comparison.records import Cell

METHODS, SIZES, SEEDS = ["slow", "fast"], [10, 40, 160], range(3)


def planned(budget: float | None, cost: dict[str, float]) -> list[Cell]:
    """The order of runs where a method takes `cost` seconds a text."""
    left, done, speeds, spent = cells_of(METHODS, SIZES, SEEDS), [], Speeds(), 0.0
    while True:
        rest = None if budget is None else budget - spent
        cell = next_cell(left, done, speeds, rest)
        if cell is None:
            return done
        left.remove(cell)
        done.append(cell)
        seconds = cost[cell.method] * cell.size
        speeds.add(cell.method, cell.size, seconds)
        spent += seconds


def test_every_method_is_measured_first_then_everything_runs() -> None:
    order = planned(None, {"slow": 1.0, "fast": 0.01})
    assert order[:2] == [Cell("slow", 10, 0), Cell("fast", 10, 0)]
    assert len(order) == len(set(order)) == 18


def test_seeds_go_in_order_so_that_methods_stay_paired() -> None:
    order = planned(None, {"slow": 1.0, "fast": 0.01})
    for method in METHODS:
        for size in SIZES:
            assert [c.seed for c in order if c.method == method and c.size == size] == [0, 1, 2]


def test_a_budget_is_kept_and_leaves_out_expensive_runs() -> None:
    cost = {"slow": 1.0, "fast": 0.01}
    order = planned(100.0, cost)
    assert sum(cost[c.method] * c.size for c in order) <= 100
    assert {c for c in order if c.method == "fast"} == set(cells_of(["fast"], SIZES, SEEDS))
    assert Cell("slow", 160, 0) not in order
    assert Cell("slow", 40, 0) in order


def test_the_largest_size_comes_before_more_seeds_at_the_same_cost() -> None:
    speeds = Speeds()
    for size in (10, 40):
        speeds.add("slow", size, 5.0)
    left = [Cell("slow", 40, 1), Cell("slow", 160, 0)]
    speeds.add("slow", 160, 5.0)
    done = [Cell("slow", 10, 0), Cell("slow", 40, 0)]
    assert next_cell(left, done, speeds, None) == Cell("slow", 160, 0)


def test_speeds_are_a_line_through_what_was_seen() -> None:
    speeds = Speeds()
    assert speeds.of(Cell("a", 10, 0)) is None
    speeds.add("a", 10, 2.0)
    assert speeds.of(Cell("a", 40, 0)) == 8.0  # in proportion, on the safe side
    assert speeds.of(Cell("a", 5, 0)) == 2.0
    speeds.add("a", 30, 4.0)
    assert speeds.of(Cell("a", 50, 0)) == pytest.approx(6.0)
    speeds.add("a", 30, 6.0)
    assert speeds.of(Cell("a", 30, 1)) == 5.0
    assert forecast([Cell("a", 30, 1), Cell("b", 1, 0)], speeds) == {"a": 5.0}


def test_no_run_starts_without_time() -> None:
    speeds = Speeds()
    speeds.add("a", 10, 2.0)
    assert next_cell([Cell("a", 10, 1)], [Cell("a", 10, 0)], speeds, 2.4) is None
    assert next_cell([Cell("a", 10, 1)], [Cell("a", 10, 0)], speeds, 2.6) == Cell("a", 10, 1)
    assert next_cell([], [], speeds, None) is None
