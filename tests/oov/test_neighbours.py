"""Neighbours against counting n-grams by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.testing import assert_allclose
from tables import table_of

from wordgraft import method_of


def test_neighbours_against_counting_by_hand() -> None:
    table = table_of(["night", "nights", "right", "sun"], np.eye(4))
    similar = _similarity("nightly", ["night", "nights", "right", "sun"])
    weights = similar**4 / (similar**4).sum()
    assert_allclose(method_of(table, "neighbours").vectors(["nightly"])[0], weights, atol=1e-6)
    # Nothing in common with any: the mean of all.
    assert_allclose(method_of(table, "neighbours").vectors(["xyz"])[0], np.full(4, 0.25))


def _similarity(word: str, known: list[str]) -> np.ndarray:
    def grams(word: str) -> set[str]:
        marked = f"<{word}>"
        return {marked[i : i + n] for n in (2, 3, 4, 5) for i in range(len(marked) - n + 1)}

    bags = [grams(each) for each in known]
    found_in = Counter(gram for bag in bags for gram in bag)

    def idf(gram: str) -> float:
        return np.log((1 + len(known)) / (1 + found_in[gram]))

    def norm(bag: set[str]) -> float:
        return sum(idf(gram) ** 2 for gram in bag) ** 0.5

    own = grams(word)
    shared = [sum(idf(gram) ** 2 for gram in own & bag) for bag in bags]
    return np.array([s / norm(own) / norm(bag) for s, bag in zip(shared, bags, strict=True)])
