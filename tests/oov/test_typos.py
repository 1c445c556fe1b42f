"""Typos: one slip in a word."""

from __future__ import annotations

from collections import Counter

import numpy as np

from wordgraft.oov.typos import Typist


def test_a_typo_is_one_slip() -> None:
    typist = Typist.of(["garden", "trees"])
    rng = np.random.default_rng(0)
    slips = typist.misspell(["garden"] * 300 + ["sun"], rng)
    assert slips.pop() == "sun"
    assert {len(word) for word in slips} == {5, 6, 7}
    assert {letter for word in slips for letter in word} == set("gardents")
    assert all(sum((Counter("garden") - Counter(word)).values()) <= 1 for word in slips)
