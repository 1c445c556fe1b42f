"""Running text to words with their places, as entity files cut it: signs apart, the rest whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(
    r"(?:https?://|www\.)\S*[\w/]"  # addresses
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[@#]\w+"
    r"|\$?\d+(?:[.,:/]\d+)*%?"
    r"|(?:\w\.){2,}"  # U.S.
    r"|\w+?(?=n['\u2019]t\b)|n['\u2019]t\b|['\u2019](?:s|re|ve|ll|d|m)\b"
    r"|\w+(?:[-&]\w+)*"
    r"|\S"
)


@dataclass(frozen=True)
class Word:
    """A word, and where it stands in its text: `text[start:end]`."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """The words of a text, in order; blanks are in none of them."""
    return [Word(found[0], found.start(), found.end()) for found in _WORD.finditer(text)]
