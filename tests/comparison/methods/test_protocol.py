"""How a method is described."""

from __future__ import annotations

import pytest

from wordgraft.comparison import METHODS, MethodSpec


def test_a_method_does_both_tasks_and_runs_unless_it_says_otherwise() -> None:
    spec = MethodSpec("m", "a method", frozenset(), lambda _: METHODS["tfidf"].make(_))
    assert spec.tasks == {"classify", "tag"}
    assert spec.default
    with pytest.raises(AttributeError):
        spec.name = "other"  # type: ignore[misc]


def test_names_and_needs_of_all_methods() -> None:
    assert all(name == spec.name for name, spec in METHODS.items())
    allowed = {"checkpoint", "vectors", "checkpoint or vectors"}
    assert set().union(*(spec.needs for spec in METHODS.values())) == allowed
    assert [name for name, spec in METHODS.items() if not spec.default] == ["lookup"]
