"""Every example in a docstring runs and gives what it says; every public name has one.

Examples find these names: `wg`, `np`, `checkpoint` (a tiny BERT), `table` (the words "sun", "rain"
and "moon", four numbers each), `table_of`, `texts` and `labels` (eight, of two classes). They run
in a folder of their own, where `encoder` is that checkpoint, `news.table` that table, and
`news.csv` has the texts and labels as columns `text` and `label`.
"""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import import_graph
import numpy as np
import pytest
from tables import table_of

import wordgraft as wg

SOURCE = Path(wg.__file__).parent
MODULES = [
    name
    for name, file in import_graph.read_modules(SOURCE).items()
    if ">>>" in file.read_text("utf-8")
]
TEXTS = ["sun and moon", "warm sun", "the moon", "bright sun"]
TEXTS += ["rain again", "cold rain", "rain and wind", "heavy rain"]
LABELS = ["clear"] * 4 + ["wet"] * 4


@pytest.fixture
def names(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What an example finds without importing it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "encoder").symlink_to(tiny_checkpoint("bert"), target_is_directory=True)
    table = table_of(
        ["sun", "rain", "moon"], [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]], counts=[4, 4, 2]
    )
    table.save(tmp_path / "news.table")
    lines = [f"{text},{label}\n" for text, label in zip(TEXTS, LABELS, strict=True)]
    (tmp_path / "news.csv").write_text("text,label\n" + "".join(lines), "utf-8")
    return {
        "checkpoint": wg.open_checkpoint("encoder"),
        "labels": list(LABELS),
        "np": np,
        "table": table,
        "table_of": table_of,
        "texts": list(TEXTS),
        "wg": wg,
    }


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module: str, names: dict[str, Any]) -> None:
    loaded = import_module(module)
    finder = doctest.DocTestFinder()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    for test in finder.find(loaded, module, globs=vars(loaded) | names):
        runner.run(test, out=report.append)
    assert runner.tries
    assert not runner.failures, "".join(report)


def test_every_public_name_has_an_example() -> None:
    assert [name for name, value in _public() if ">>>" not in (value.__doc__ or "")] == []


def _public() -> Iterator[tuple[str, Any]]:
    for name in wg.__all__:
        value = getattr(wg, name)
        if inspect.isroutine(value) or inspect.isclass(value):
            yield name, value
