"""What the gate sees of words and their candidates."""

from __future__ import annotations

import numpy as np
from tables import table_of

from wordgraft.oov.blend.candidates import Candidates, Differences
from wordgraft.oov.neighbours import WordIndex


def test_differences_against_letter_by_letter() -> None:
    rng = np.random.default_rng(0)
    words, others = (
        ["".join(rng.choice(list("abc"), rng.integers(1, 9))) for _ in range(size)]
        for size in (60, 80)
    )
    others = sorted(set(others))
    index = WordIndex(table_of(others, rng.normal(size=(len(others), 2))))
    assert index.words == others
    places = rng.integers(len(others), size=(60, 5))
    changes = Differences.of(words, index, places)
    for word, top in np.ndindex(places.shape):
        own, other = words[word], others[places[word, top]]
        prefix = _shared(own, other)
        suffix = _shared(own[prefix:][::-1], other[prefix:][::-1])
        rest = [spelling[prefix : len(spelling) - suffix] for spelling in (own, other)]
        swapped = len(rest[0]) == 2 and rest[0] == rest[1][::-1]
        one_slip = (len(rest[0]) <= 1 and len(rest[1]) <= 1) or swapped
        found = (changes.prefix, changes.suffix, changes.rest, changes.other_rest)
        expected = (prefix, suffix, len(rest[0]), len(rest[1]))
        assert tuple(value[word, top] for value in found) == expected
        assert changes.swapped[word, top] == swapped
        assert changes.one_slip[word, top] == one_slip


def test_a_word_is_not_its_own_candidate() -> None:
    table = table_of(["night", "nights", "right"], np.eye(3))
    index = WordIndex(table)
    free = Candidates.of(["night"], index, pieces=None)
    assert free.rows[0, 0] == 2
    held_out = Candidates.of(["night"], index, pieces=np.array([2]), own_rows=np.array([2]))
    assert held_out.rows[0, 0] == 3
    assert held_out.word[0, :4].tolist() == [0, 1, 0, 0]
    assert held_out.present.sum() == 2


def _shared(a: str, b: str) -> int:
    pairs = enumerate(zip(a, b, strict=False))
    return next((place for place, (x, y) in pairs if x != y), min(len(a), len(b)))
