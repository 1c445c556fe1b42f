"""Vectors by letters and pieces."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from tables import table_of

from wordgraft.oov.blend.characters import CharacterVectors, Spelling, fit_characters
from wordgraft.table import Affine


def test_letters_have_ids_between_borders() -> None:
    spelling = Spelling("ab", None, np.zeros((0, 2), np.float32))
    # 0 pads, 1 is any other letter, 2 and 3 are the borders.
    assert spelling.letters(["ba", "x"]).tolist() == [[2, 5, 4, 3], [2, 1, 3, 0]]


def test_refinements_move_the_vectors_and_change_their_width() -> None:
    words = ["night", "nights", "right", "sunny", "tree", "garden"]
    table = table_of(words, np.random.default_rng(0).normal(size=(6, 4)))
    arrays, settings = fit_characters(
        table, None, table.word_rows, seed=0, epochs=0.5, progress=False
    )
    plain = CharacterVectors(arrays, settings).both(["nightly", "x"])[0]
    move = Affine(np.eye(4, 3, dtype=np.float32) * 2, np.ones(3, np.float32))
    moved, by_pieces = CharacterVectors(arrays, settings, move).both(["nightly", "x"])
    assert_allclose(moved, 2 * plain[:, :3] + 1, rtol=1e-5)
    assert_allclose(by_pieces, np.tile(2 * arrays["mean"][:3] + 1, (2, 1)), rtol=1e-5)
