"""Splits running text into words as in files of tagged entities: punctuation is split off.

For taggers only; `vocabulary/segmentation.py` splits texts into the words of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(
    r"(?:https?://|www\.)\S*[\w/]"  # URLs
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
    """A word and its position in the text: `text[start:end]`."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """The words of a text, in order; whitespace belongs to no word.

    >>> [word.text for word in words_of("Tim Cook's team, in the U.S.")]
    ['Tim', 'Cook', "'s", 'team', ',', 'in', 'the', 'U.S.']
    """
    return [Word(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
