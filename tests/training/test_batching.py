"""A batch of arrays as tensors."""

from __future__ import annotations

import numpy as np
import torch

from wordgraft.core.ragged import Ragged
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples


def test_ids_lengths_extras_and_targets_are_those_of_the_batch() -> None:
    ids = Ragged.of([[5, 6], [], [7]])
    batch = Examples(ids, np.array([1, 0, 2]), {"casing": Ragged(ids.ids % 2, ids.offsets)})
    inputs = inputs_of(batch, torch.device("cpu"))
    assert inputs.ids.tolist() == [5, 6, 7]
    assert inputs.lengths.tolist() == inputs.sizes == [2, 0, 1]
    assert inputs.extras["casing"].tolist() == [1, 0, 1]
    assert targets_of(batch, torch.device("cpu")).tolist() == [1, 0, 2]
