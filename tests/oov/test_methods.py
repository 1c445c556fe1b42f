"""Methods by name: fitted to a table, and loaded from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal
from oov_tables import fitted
from tables import random_table

from wordgraft import method_of, with_oov
from wordgraft.errors import TableError
from wordgraft.oov import Neighbours, available_methods, ensure_fitted, oov_method


def test_a_method_that_learns_must_be_fitted_first() -> None:
    table = random_table()
    with pytest.raises(TableError, match=r"carries oov 'unk', not 'pieces'.*with_oov\(table, 'pi"):
        method_of(table, "pieces")
    for unknown in (lambda: method_of(table, "magic"), lambda: with_oov(table, "magic")):
        with pytest.raises(TableError, match="unknown oov 'magic'; choose one of unk, zero"):
            unknown()


def test_settings_of_a_method_travel_with_the_table() -> None:
    table = random_table()
    words = ["w1x", "w12"]
    one = with_oov(table, Neighbours(k=1))
    assert one.oov is not None
    assert one.oov.settings == {"k": 1, "power": 4}
    assert_array_equal(
        method_of(one).vectors(words), method_of(table, Neighbours(k=1)).vectors(words)
    )
    assert (method_of(one).vectors(words) != method_of(table, "neighbours").vectors(words)).any()
    assert oov_method("neighbours") == Neighbours(k=10, power=4)
    with pytest.raises(TableError, match="k=0, power=4; both must be at least 1"):
        Neighbours(k=0)


def test_only_what_is_missing_is_fitted(tiny_checkpoint: Callable[[str], Path]) -> None:
    table = fitted(tiny_checkpoint("bert"), "pieces")
    assert ensure_fitted(table, None) is table
    assert ensure_fitted(table, "pieces") is table
    assert ensure_fitted(table, "neighbours") is table
    encoder = ensure_fitted(table, "encoder")
    assert encoder.oov is not None
    assert encoder.oov.method == encoder.recipe["oov"] == "encoder"


def test_methods_that_a_table_can_use_at_once(tiny_checkpoint: Callable[[str], Path]) -> None:
    methods, others = available_methods(fitted(tiny_checkpoint("bert"), "pieces"))
    assert (list(methods), others) == (["pieces", "neighbours", "encoder"], ["blend"])
    methods, others = available_methods(random_table())
    assert (list(methods), others) == (["neighbours"], ["pieces", "encoder", "blend"])


def test_settings_given_as_a_value_are_put_on_the_table() -> None:
    table = ensure_fitted(random_table(), Neighbours(k=1))
    assert table.oov is not None
    assert table.oov.settings == {"k": 1, "power": 4}
    assert ensure_fitted(table, "neighbours") is table
