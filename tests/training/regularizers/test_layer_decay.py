"""Layer-wise learning-rate decay keeps the rows closer to their start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learning import PLAN, network_of, run, weights_of

from wordgraft.training.regularizers import (
    parse_regularizers,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_layer_decay_leaves_the_rows_closer_to_their_start(folder: Path) -> None:
    start = weights_of(network_of(folder))

    def distance(regularizer: str) -> float:
        plan = replace(PLAN, regularizers=parse_regularizers(regularizer), schedule="constant")
        network, _ = run(folder, plan)
        squares = [
            float((tensor - start[name]).square().sum())
            for name, tensor in network.state_dict().items()
            if name.startswith("rows.")
        ]
        return float(np.sqrt(sum(squares)))

    assert distance("layer_decay:0.5") < 0.9 * distance("none")
