"""How words are written, as numbers: their casing and their letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged
from wordgraft.vocabulary.word_features import CASING, LETTER_CODES, LETTERS, LETTERS_A_WORD

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

# Number 0 is left to what is none of these.
CASES = ("other", "lower", "Title", "UPPER", "miXed", "digits", "d1gits", "sign")


def casing_of(word: str) -> int:
    """The place in `CASES` of how a word is written."""
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
    """A word's letters as numbers from 1 to `codes - 1`, zeros behind; a long one is cut inside."""
    if len(word) > longest:
        word = word[: longest - longest // 2] + word[-(longest // 2) :]
    numbers = [1 + ord(letter) % (codes - 1) for letter in word]
    return numbers + [0] * (longest - len(numbers))


def extras_of(
    sentences: Sequence[Sequence[str]], *, casing: bool, letters: bool
) -> dict[str, Ragged]:
    """What the network reads of each word beside its vector."""
    number: dict[str, int] = {}
    flat = [number.setdefault(word, len(number)) for each in sentences for word in each]
    places = np.array(flat, np.int64)
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sentences], dtype=np.int64)])
    extras = {}
    if casing:
        kinds: Int64[ndarray, " words"] = np.array([casing_of(w) for w in number], np.int64)
        extras[CASING] = Ragged(kinds[places], offsets)
    if letters:
        rows = [letters_of(word, codes=LETTER_CODES, longest=LETTERS_A_WORD) for word in number]
        block = np.array(rows, np.int64).reshape(-1, LETTERS_A_WORD)
        extras[LETTERS] = Ragged(block[places], offsets)
    return extras
