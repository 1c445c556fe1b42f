"""Blend: the better of its parts for each word."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table_of

from wordgraft import Vocabulary, build_table, method_of, open_checkpoint, with_oov
from wordgraft.errors import TableError
from wordgraft.oov import Blend, FittedOov
from wordgraft.oov.blend.method import character_arrays, with_network
from wordgraft.oov.typos import Typist


@pytest.mark.slow
def test_on_real_words_blend_follows_the_better_of_its_parts(minilm: str) -> None:
    checkpoint = open_checkpoint(minilm)
    pieces = checkpoint.tokenizer.pieces
    words = [piece for piece in pieces if piece.isalpha() and piece.isascii() and len(piece) > 4]
    words = [str(word) for word in np.random.default_rng(0).choice(words, 1_400, replace=False)]
    every = build_table(checkpoint, Vocabulary.from_words(words, checkpoint), refinements=())
    known, asked = words[:1_200], words[1_200:]
    raw = every.select(np.arange(2 + len(known)))
    mean = raw.rows()[2:].mean(axis=0)
    slips = Typist.of(known).misspell(known[:200], np.random.default_rng(1))
    blend = with_oov(raw, Blend(epochs=2))

    def cosine(method: FittedOov, words: list[str], meant: list[str]) -> float:
        found = method.vectors(words) - mean
        wanted = np.stack([every[word] for word in meant]) - mean
        norms = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
        return float(((found * wanted).sum(axis=1) / norms).mean())

    by_pieces, by_neighbours = method_of(with_oov(raw, "pieces")), method_of(raw, "neighbours")
    # New words are known by their pieces, misspelt ones by the words they resemble.
    assert cosine(method_of(blend), asked, asked) > cosine(by_neighbours, asked, asked) + 0.1
    assert cosine(method_of(blend), slips, known[:200]) > 0.6
    assert cosine(method_of(blend), slips, known[:200]) > cosine(by_pieces, slips, known[:200])


def test_another_network_changes_the_vectors_and_nothing_else() -> None:
    words = ["night", "nights", "right", "sunny", "tree", "garden"]
    table = with_oov(table_of(words, np.eye(6)), Blend(epochs=0.1))
    assert table.oov is not None
    arrays = character_arrays(table.oov)
    louder = with_network(table.oov, {"network.out.bias": arrays["network.out.bias"] + 1})
    assert louder.arrays.keys() == table.oov.arrays.keys()
    changed = {
        name for name in louder.arrays if (louder.arrays[name] != table.oov.arrays[name]).any()
    }
    assert changed == {"characters.network.out.bias"}


def test_settings_that_cannot_be_fitted_are_refused() -> None:
    with pytest.raises(TableError, match="blend has epochs=0; expected a number above 0"):
        Blend(epochs=0)
