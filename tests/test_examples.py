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


@pytest.mark.slow
def test_the_demo_ends_with_a_comparison_and_its_page(minilm: str, tmp_path: Path) -> None:
    if find_spec("scattertext") is None:
        pytest.skip("the package scattertext is not installed")
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    assert demo["ENCODER"] == minilm
    # Without the arm whose words go through the encoder, which takes longer than the rest.
    demo["report"].__globals__["COMPARED_ARMS"] = ("tfidf", "random", "composed")
    page = demo["report"](tmp_path / "out", budget=30.0, test_texts=300)
    text = page.read_text("utf-8")
    assert page == tmp_path / "out" / "index.html"
    assert "Take " in text
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) >= 3
