"""Values that scikit-learn reads and sets by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone

from wordgraft.core.params import Params, is_equal
from wordgraft.errors import SettingsError


@dataclass
class Options(Params):
    number: int = 3
    flag: bool = False
    values: object = None


def test_scikit_learn_clones_them() -> None:
    options = Options(5)
    other = clone(options)
    assert other == options
    assert other is not options
    assert other.set_params(number=7).number == 7
    assert options.number == 5


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="Options has no parameter size; it has number"):
        Options().set_params(size=1)


def test_what_differs_from_the_defaults_is_given() -> None:
    assert Options().given() == []
    assert Options(4, values=[]).given() == ["number", "values"]
    # 0 and False are equal, and not the same.
    assert Options(flag=0).given() == ["flag"]  # type: ignore[arg-type]


def test_an_array_equals_no_default() -> None:
    assert not is_equal(np.zeros(2), None)
    assert is_equal("a", "a")
