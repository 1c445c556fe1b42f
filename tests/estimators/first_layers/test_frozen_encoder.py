"""The vectors of a frozen encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from wordgraft.estimators.first_layers import FrozenEncoder, LayerContext
from wordgraft.estimators.first_layers.frozen_encoder import wrong_checkpoint

TEXTS = ["the river", "a bank of the river"]


def test_layers_that_are_asked_for_are_given(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tiny_checkpoint("bert")
    context = LayerContext(per_word=False, device="cpu")
    both = FrozenEncoder(folder, layers=[1, 3], cache=tmp_path).fitted(context)
    last = FrozenEncoder(folder, layers=[3], cache=None).fitted(context)
    assert (both.layers, both.dims, last.layers) == (2, 32, 1)
    vectors = [
        np.asarray(read.rows.stored[read.ids.ids], np.float32)
        for read in (layer.begin(TEXTS) for layer in (both, last, both.without_cache()))
    ]
    assert vectors[0].shape == (7, 2, 32)
    assert_allclose(vectors[0][:, 1], vectors[1][:, 0], atol=2e-3)  # cached as float16
    assert_allclose(vectors[0], vectors[2], atol=2e-3)
    assert any(tmp_path.rglob("*"))


def test_what_cannot_name_a_checkpoint_is_a_fault() -> None:
    assert [*wrong_checkpoint("bert")] == []
    (fault,) = wrong_checkpoint(3)
    assert fault.startswith("first_layer.checkpoint is 3, expected an open checkpoint")
