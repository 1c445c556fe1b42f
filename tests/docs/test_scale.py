"""docs/benchmarks/scale.md holds what scale.py beside it prints, and its arithmetic is right."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


def test_the_document_holds_what_the_script_prints() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "scale.py"], capture_output=True, text=True, check=True
    )
    text = (DOCS / "scale.md").read_text("utf-8")
    tables = done.stdout.strip().split("### ")[1:]
    assert len(tables) == 3
    for table in tables:
        assert f"### {table.strip()}\n" in text


def test_the_plan_follows_from_the_rates() -> None:
    script = runpy.run_path(str(DOCS / "scale.py"))
    rates = json.loads(script["RATES"].read_text("utf-8"))
    plan = {row[0]: row[1:] for row in script["_plan"](rates)}
    tokens, size = rates["text"]["tokens"], rates["text"]["bytes"]
    seconds = 100e9 / tokens * size / rates["read_bytes_per_second"]
    assert float(plan["read"][1].replace(",", "")) == pytest.approx(seconds, rel=1e-3)
    assert plan["or: the whole corpus, one GPU"][1:] == ["50,000", "13.9 h"]
    # Twice as fast a step takes half the time, and no other step changes.
    faster = json.loads(json.dumps(rates))
    faster["by_words"]["20000"]["choose_words_per_second"] *= 2
    changed = {row[0]: row[1:] for row in script["_plan"](faster)}
    assert [step for step in plan if plan[step] != changed[step]] == ["choose, one core"]
    before, after = (float(each["choose, one core"][1]) for each in (plan, changed))
    assert before == pytest.approx(2 * after, abs=2)
