"""Which methods run, and why others do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from wordgraft.comparison import MethodSettings, TableCache
from wordgraft.comparison.methods import METHODS, MadeMethods, chosen_methods, refuse_unused
from wordgraft.errors import TrainingError


def names(tables: TableCache) -> list[str]:
    return [spec.name for spec in chosen_methods(None, tables)[0]]


def test_all_that_can_run_is_chosen_by_default() -> None:
    assert names(TableCache(["a"])) == ["tfidf"]
    assert names(TableCache(["a"], vectors=Path("v.txt"))) == ["tfidf", "random", "vectors"]
    with_encoder = names(TableCache(["a"], checkpoint="bert"))
    assert with_encoder == [name for name in METHODS if name not in ("lookup", "vectors")]
    assert "tfidf" not in names(TableCache([["a"]], checkpoint="bert", task="tag"))


def test_methods_left_out_are_noted_with_a_reason() -> None:
    _, notes = chosen_methods(None, TableCache(["a"]))
    assert "the method isolated was left out: it needs checkpoint=..." in notes
    assert not any("vectors was left out" in note for note in notes)


def test_impossible_methods_are_refused() -> None:
    with pytest.raises(TrainingError, match="'tfidf' cannot run: it cannot do the task 'tag'"):
        chosen_methods(["tfidf"], TableCache([["a"]], task="tag"))
    with pytest.raises(TrainingError, match=r"'vectors' cannot run: it needs vectors=\.\.\."):
        chosen_methods(["vectors"], TableCache(["a"]))
    with pytest.raises(
        TrainingError, match=r"no method can run; give checkpoint=\.\.\. or vectors=\.\.\."
    ):
        chosen_methods(None, TableCache([["a"]], task="tag"))


def test_settings_that_change_no_method_are_refused() -> None:
    specs = [METHODS["tfidf"], METHODS["isolated"]]
    refuse_unused(MethodSettings(network="cnn", trials=2), specs)
    for settings, message in {
        MethodSettings(corpus=("c.txt",)): "corpus has no effect on tfidf, isolated, only on cont",
        MethodSettings(
            vectors="v.txt"
        ): "only on random, vectors: leave out vectors=..., or add one",
        MethodSettings(pairs=("p.tsv",)): "pairs has no effect on tfidf, isolated, only on lp-ft",
    }.items():
        with pytest.raises(TrainingError, match=message):
            refuse_unused(settings, specs)
    with pytest.raises(TrainingError, match="network has no effect on tfidf"):
        refuse_unused(MethodSettings(network="cnn"), specs[:1])


def test_a_method_is_made_once_and_its_table_counts() -> None:
    tables = TableCache(["a"], seconds={"composed": 2.5})
    made = MadeMethods(METHODS, tables)
    assert made.get("tfidf") is made.get("tfidf")
    assert made.preparation("tfidf") == 0
    assert made.preparation("composed") == 2.5
