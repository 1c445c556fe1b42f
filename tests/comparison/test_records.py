"""Records survive JSON."""

from __future__ import annotations

import json

import pytest

from wordgraft.comparison.records import Cell, MethodRun


def test_a_record_comes_back_from_json() -> None:
    run = MethodRun(
        *("tfidf", 40, 2, "done", "abc"),
        scores={"test": {"macro-F1": 0.5}},
        predictions={"test": [0, 1]},
        memory_mb=None,
    )
    content = json.loads(json.dumps(run.as_dict()))
    assert MethodRun.from_dict({**content, "of a later version": 1}) == run
    assert run.cell == Cell("tfidf", 40, 2)
    assert run.cell.name == "tfidf-40-2"
    del content["seed"]
    with pytest.raises(TypeError, match="seed"):
        MethodRun.from_dict(content)


def test_cells_are_ordered_by_method_size_and_seed() -> None:
    cells = [Cell("b", 1, 0), Cell("a", 100, 0), Cell("a", 20, 1), Cell("a", 20, 0)]
    assert [cell.name for cell in sorted(cells)] == ["a-20-0", "a-20-1", "a-100-0", "b-1-0"]
