"""A word as the mean, first and last of its pieces' rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from wordgraft import open_checkpoint
from wordgraft.oov.blend.composition import Composition, by_group


def test_inputs_are_the_mean_the_first_and_the_last_row(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    composition = Composition.of(checkpoint)
    assert abs(float(composition.rows.astype(np.float32).std()) - 1) < 0.05
    pieces = checkpoint.tokenizer.word_pieces(["unheardof"]).ids
    rows = composition.rows[pieces].astype(np.float32)
    inputs = composition.inputs(["unheardof"])[0]
    expected = np.concatenate([rows.mean(axis=0), rows[0], rows[-1]])
    assert_allclose(inputs[:-4], expected, atol=1e-3)
    assert inputs[-4:].tolist() == (np.arange(1, 5) == min(len(pieces), 4)).tolist()


def test_one_piece_words_have_columns_of_their_own() -> None:
    one, several = [1, 2, 3, 1, 0, 0, 0], [1, 2, 3, 0, 1, 0, 0]
    columns = by_group(np.array([one, several], np.float32))
    assert columns.tolist() == [[0, 0, 0, 1, 1, 0, 0, 0], [1, 2, 3, 0, 0, 1, 0, 0]]
