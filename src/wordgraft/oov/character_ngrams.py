"""Character n-grams of words as numbers, by array operations only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt64
    from numpy import ndarray

# Only this many characters of a word are read: the first and last ones of a longer word.
MOST_CHARACTERS = 64
_ODD = np.uint64(0x9E3779B97F4A7C15)


def shortened(word: str, most: int = MOST_CHARACTERS) -> str:
    """The word, or its first and last characters if it is longer than `most`.

    >>> shortened("internationalization", 6)
    'intion'
    """
    return word if len(word) <= most else word[: most // 2] + word[-(most // 2) :]


def characters_of(
    words: Sequence[str],
) -> tuple[Int64[ndarray, " total"], Int64[ndarray, " words"]]:
    """The code points of all words in one array, and the length of each word."""
    lengths = np.fromiter((len(word) for word in words), np.int64, len(words))
    # A lone surrogate is not valid text, but a Python string can hold it.
    data = "".join(words).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(data, "<u4").astype(np.int64), lengths


def grams_of(
    words: Sequence[str], sizes: Sequence[int]
) -> tuple[UInt64[ndarray, " grams"], Int64[ndarray, " grams"]]:
    """A 64-bit hash of each different n-gram of `<word>`, and the number of its word.

    They are sorted by word and hash.
    """
    marked = [f"<{shortened(word)}>" for word in words]
    codes, lengths = characters_of(marked)
    owner = np.repeat(np.arange(len(words)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    letters = codes.astype(np.uint64)
    hashes, owners = [], []
    rolling = np.zeros(len(codes), np.uint64)
    for size in range(1, max(sizes) + 1):
        following = np.zeros_like(rolling)
        following[: max(len(codes) - size + 1, 0)] = letters[size - 1 :]
        rolling = (rolling + following + np.uint64(size)) * _ODD
        rolling ^= rolling >> np.uint64(29)
        if size in sizes:
            whole = left >= size
            hashes.append(rolling[whole])
            owners.append(owner[whole])
    gram, word = np.concatenate(hashes), np.concatenate(owners)
    order = np.lexsort((gram, word))
    gram, word = gram[order], word[order]
    first = np.ones(len(gram), bool)
    first[1:] = (gram[1:] != gram[:-1]) | (word[1:] != word[:-1])
    return gram[first], word[first]
