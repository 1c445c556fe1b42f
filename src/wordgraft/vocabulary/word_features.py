"""How words are spelled, as numbers that a network may read: their casing and their letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

# Names of the features in `NetworkInputs.extras` of `wordgraft.networks`.
CASING, LETTERS = "casing", "letters"
# The kinds of casing by number; 0 is for all other words, such as those without casing.
CASING_KINDS = ("other", "lower", "Title", "UPPER", "miXed", "digits", "d1gits", "sign")
# Letters are numbered by their code point modulo this. In ASCII and Latin-1 all numbers differ.
LETTER_CODES = 512
LETTERS_PER_WORD = 24


def word_features(
    sentences: Sequence[Sequence[str]], *, casing: bool, letters: bool
) -> dict[str, Ragged]:
    """The chosen features of each word, by name: `casing` (words,) and `letters` (words, letters).

    >>> features = word_features([["Rome", "2031"]], casing=True, letters=False)
    >>> [CASING_KINDS[kind] for kind in features["casing"].ids]
    ['Title', 'digits']
    """
    number: dict[str, int] = {}
    flat = [number.setdefault(word, len(number)) for words in sentences for word in words]
    places = np.array(flat, np.int64)
    lengths = [len(words) for words in sentences]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    features = {}
    if casing:
        kinds: Int64[ndarray, " words"] = np.array([casing_of(w) for w in number], np.int64)
        features[CASING] = Ragged(kinds[places], offsets)
    if letters:
        rows = [letters_of(word, codes=LETTER_CODES, longest=LETTERS_PER_WORD) for word in number]
        block = np.array(rows, np.int64).reshape(-1, LETTERS_PER_WORD)
        features[LETTERS] = Ragged(block[places], offsets)
    return features


def casing_of(word: str) -> int:
    """The index in `CASING_KINDS` of a word's casing."""
    if word.isdigit():
        return 5
    if any(letter.isdigit() for letter in word):
        return 6
    if not any(letter.isalpha() for letter in word):
        return 7
    if word.islower():
        return 1
    if word.isupper():
        return 3
    if word[0].isupper() and word[1:].islower():
        return 2
    return 4 if word.lower() != word else 0


def letters_of(word: str, *, codes: int, longest: int) -> list[int]:
    """A word's letters as numbers from 1 to `codes - 1`, padded with zeros to `longest`.

    A longer word loses letters in its middle.
    """
    if len(word) > longest:
        word = word[: longest - longest // 2] + word[-(longest // 2) :]
    numbers = [1 + ord(letter) % (codes - 1) for letter in word]
    return numbers + [0] * (longest - len(numbers))
