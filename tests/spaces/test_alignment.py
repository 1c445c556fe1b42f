"""Maps between spaces: found again where there is one, tested on held-out pairs."""

from __future__ import annotations

import numpy as np
import pytest
from tables import random_table, table_of

import wordgraft as wg
from wordgraft.errors import TableError
from wordgraft.oov import with_oov

WORDS = [f"w{i}" for i in range(200)]
BASE = random_table(dims=6)
RNG = np.random.default_rng(1)
ROTATION = np.linalg.qr(RNG.normal(size=(6, 6)))[0].astype(np.float32)


def _rows(table: wg.EmbeddingTable, words: list[str]) -> np.ndarray:
    return np.stack([table[word] for word in words])


@pytest.mark.parametrize("method", ["ridge", "orthogonal"])
def test_a_rotation_is_found_again(method: str) -> None:
    onto = table_of(WORDS, 2 * _rows(BASE, WORDS) @ ROTATION + 3)
    aligned = wg.align(BASE, onto=onto, method=method)
    np.testing.assert_allclose(
        _rows(aligned.table, WORDS), _rows(onto, WORDS), atol=0.05, rtol=1e-2
    )
    assert (aligned.pairs, aligned.tested, aligned.top10) == (200, 20, 1.0)
    assert aligned.cosine > 0.999
    assert not aligned.table.vectors[0].any()


def test_spaces_without_anything_in_common_are_told() -> None:
    onto = table_of(WORDS, RNG.normal(size=(200, 6)))
    aligned = wg.align(BASE, onto=onto)
    assert aligned.top10 < 0.3
    assert aligned.cosine < 0.5


def test_another_width_and_a_dictionary() -> None:
    german = [f"d{i}" for i in range(200)]
    wider = np.concatenate([_rows(BASE, WORDS) @ ROTATION, np.zeros((200, 2))], axis=1)
    onto = table_of(german, wider)
    aligned = wg.align(BASE, onto=onto, pairs=list(zip(WORDS, german, strict=True)))
    assert aligned.table.dims == 8
    assert aligned.top10 == 1
    assert aligned.table.recipe["aligned"]["pairs"] == 200


def test_words_out_of_the_vocabulary_follow() -> None:
    onto = table_of(WORDS, _rows(BASE, WORDS) @ ROTATION + 1)
    before = with_oov(BASE, "mean")
    after = wg.align(before, onto=onto).table
    expected = wg.method_of(before).vectors(["unheard"]) @ ROTATION + 1
    np.testing.assert_allclose(wg.method_of(after).vectors(["unheard"]), expected, atol=0.05)
    refined = BASE.refine(wg.table.Center())
    assert wg.align(refined, onto=onto).table.move is not None


def test_what_cannot_be_aligned_is_refused() -> None:
    other = table_of(["x", "y"], np.eye(2))
    with pytest.raises(TableError, match="have 0 shared words, expected at least 20"):
        wg.align(BASE, onto=other)
    with pytest.raises(TableError, match=r"1 of 1 pairs .* such as 'w0' and 'nowhere'"):
        wg.align(BASE, onto=other, pairs=[("w0", "nowhere")])
    with pytest.raises(TableError, match="unknown method 'cca'"):
        wg.align(BASE, onto=BASE, method="cca")
