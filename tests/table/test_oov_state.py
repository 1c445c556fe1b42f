"""The state of an out-of-vocabulary method."""

from __future__ import annotations

import numpy as np

from wordgraft.table import OovState


def test_states_share_no_defaults_and_are_compared_by_identity() -> None:
    first, second = OovState("unk"), OovState("unk")
    assert first.arrays is not second.arrays
    assert first != second
    assert OovState("pieces", {"rows": np.ones(2)}).move is None
