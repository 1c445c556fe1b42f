"""Words with one typo: a letter left out, added or changed, or two adjacent ones swapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float64
    from numpy import ndarray
    from numpy.random import Generator

# A typo in a shorter word makes another word, or one that is unrecognizable.
SHORTEST = 4
_MOST_LETTERS = 200
KINDS = ("delete", "insert", "change", "swap")


@dataclass(frozen=True, eq=False)
class Typist:
    """Makes typos with letters drawn by how often some words use them."""

    letters: tuple[str, ...]
    shares: Float64[ndarray, " letters"]

    @classmethod
    def of(cls, words: Sequence[str]) -> Typist:
        """With the letters of `words`; `e` if they have none."""
        counts = Counter(letter for word in words for letter in word if letter.isalpha())
        frequent = counts.most_common(_MOST_LETTERS) or [("e", 1)]
        shares = np.array([count for _, count in frequent], np.float64)
        return cls(tuple(letter for letter, _ in frequent), shares / shares.sum())

    def misspell(self, words: Sequence[str], rng: Generator) -> list[str]:
        """Each word with one typo; a word of fewer than four letters as it is.

        >>> Typist.of(["garden"]).misspell(["garden", "sun"], np.random.default_rng(0))
        ['gargden', 'sun']
        """
        places = rng.random(len(words))
        kinds = rng.integers(len(KINDS), size=len(words))
        drawn = rng.choice(len(self.letters), size=len(words), p=self.shares)
        slips = zip(words, places, kinds, drawn, strict=True)
        return [
            _slip(word, int(place * len(word)), KINDS[kind], self.letters[letter])
            for word, place, kind, letter in slips
        ]


def _slip(word: str, place: int, kind: str, letter: str) -> str:
    if len(word) < SHORTEST:
        return word
    before, after = word[:place], word[place + 1 :]
    if kind == "delete":
        return before + after
    if kind == "insert":
        return before + letter + word[place:]
    if kind == "swap" and after and after[0] != word[place]:
        return before + after[0] + word[place] + after[1:]
    return before + letter + after
