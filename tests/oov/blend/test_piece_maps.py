"""Linear maps of pieces, computed once per piece."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.testing import assert_allclose

from wordgraft import open_checkpoint
from wordgraft.oov.blend.composition import Composition, by_group
from wordgraft.oov.blend.piece_maps import PieceMaps


def test_the_maps_of_single_rows_add_up_to_those_of_the_whole_inputs(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    words = ["sun", "unheardof", "gardening", "the"]
    composition = Composition.of(open_checkpoint(tiny_checkpoint("bert")))
    inputs = composition.inputs(words)
    rng = np.random.default_rng(0)
    inner = rng.normal(size=(5, composition.width)).astype(np.float32)
    base = rng.normal(size=(by_group(inputs).shape[1], 3)).astype(np.float32)
    pieces = composition.tokenizer.word_pieces(words)
    maps = PieceMaps(composition.rows, pieces, torch.from_numpy(inner), base)
    order = np.array([3, 1, 0, 2])
    hidden, bases = maps(order)
    assert_allclose(hidden.numpy(), (inputs @ inner.T)[order], rtol=1e-3, atol=1e-3)
    assert_allclose(bases.numpy(), (by_group(inputs) @ base)[order], rtol=1e-3, atol=1e-3)
