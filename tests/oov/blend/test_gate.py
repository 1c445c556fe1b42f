"""The gate: weights of the candidates for each word."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table_of

from wordgraft import with_oov
from wordgraft.oov import Blend
from wordgraft.oov.blend.candidates import TOP, Candidates
from wordgraft.oov.blend.gate import gate_weights
from wordgraft.oov.neighbours import WordIndex


def test_weights_are_positive_and_add_up_to_one_over_what_is_there() -> None:
    table = with_oov(table_of(["night", "nights", "right", "sun"], np.eye(4)), Blend(epochs=0.1))
    assert table.oov is not None
    gate = {name: array for name, array in table.oov.arrays.items() if name.startswith("gate.")}
    weights = gate_weights(gate, Candidates.of(["nightly", "xyz"], WordIndex(table), pieces=None))
    assert weights.shape == (2, 2 + TOP)
    assert weights.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (weights > 0).sum(axis=1).tolist() == [5, 2]  # three share an n-gram with `nightly`
