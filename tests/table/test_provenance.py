"""Where rows came from."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from wordgraft.table import Provenance

SOURCES = ["padding", "unk", "isolated", "zero", "blend", "contextual", "random", "case"]
PROVENANCE = Provenance.of(SOURCES, np.arange(8))


def test_which_rows_are_empty_and_which_are_guessed() -> None:
    assert [s for s, empty in zip(SOURCES, PROVENANCE.empty, strict=True) if empty] == [
        "padding",
        "zero",
    ]
    guessed = [s for s, guess in zip(SOURCES, PROVENANCE.guessed, strict=True) if guess]
    assert guessed == ["unk", "zero", "blend", "random", "case"]


def test_rows_are_selected_and_appended() -> None:
    both = PROVENANCE.select(np.array([0, 5])).append(Provenance.of("file", np.array([3, 4])))
    assert both.counts() == {"padding": 1, "contextual": 1, "file": 2}
    assert both.pieces.tolist() == [0, 5, 3, 4]
    assert np.isnan(both.spread).all()


def test_arrays_there_and_back() -> None:
    restored = Provenance.from_arrays(PROVENANCE.arrays())
    for name, values in vars(PROVENANCE).items():
        assert_array_equal(getattr(restored, name), values)
