"""Schemes that write entities as one tag per word: IOB1, IOB2, IOBES and BILOU become IOB2.

IOB1    I-PER I-PER O       B- only between two adjacent entities of one kind
IOB2    B-PER I-PER O       B- at each entity's first word
IOBES   B-PER E-PER S-LOC   last words and single words are marked too; BILOU writes L- and U-
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wordgraft.errors import DataError

OUTSIDE = "O"
_TAG = re.compile(r"O|[BILOUES]-\S+")
_BEGINS, _ENDS = frozenset("BSU"), frozenset("ESLU")


class Span(NamedTuple):
    """An entity: its kind, and the positions of its words, `start` to `end - 1`."""

    kind: str
    start: int
    end: int


def is_tag(text: str) -> bool:
    """Whether a string is a tag of one of the schemes."""
    return _TAG.fullmatch(text) is not None


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Convert the tags of a sentence from any of the schemes to IOB2.

    An entity begins at a tag that marks a beginning, at a change of kind, and at an `I-` that does
    not continue an entity. Raises `DataError` if a string is not a tag.

    >>> to_iob2(["I-PER", "E-PER", "O", "S-LOC"])
    ['B-PER', 'I-PER', 'O', 'B-LOC']
    """
    converted, previous_kind, ended = [], "", True
    for tag in tags:
        if not is_tag(tag):
            raise DataError(
                f"{tag!r} is not a tag; expected O, or B- I- E- S- L- U- and a kind, as in B-PER"
            )
        mark, _, kind = tag.partition("-")
        if not kind:
            converted.append(OUTSIDE)
            previous_kind, ended = "", True
            continue
        begins = mark in _BEGINS or kind != previous_kind or ended
        converted.append(f"{'B' if begins else 'I'}-{kind}")
        previous_kind, ended = kind, mark in _ENDS
    return converted


def count_missing_beginnings(tags: Sequence[str]) -> int:
    """How many `I-X` tags do not follow `B-X` or `I-X`, as IOB2 requires."""
    pairs = zip([OUTSIDE, *tags], tags, strict=False)
    return sum(tag[:2] == "I-" and previous[2:] != tag[2:] for previous, tag in pairs)


def spans_of(tags: Sequence[str]) -> Iterator[Span]:
    """The entities of a sentence's IOB2 tags, in order.

    >>> list(spans_of(["B-PER", "I-PER", "O"]))
    [Span(kind='PER', start=0, end=2)]
    """
    kind, start = "", 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        if kind and not (tag[:2] == "I-" and tag[2:] == kind):
            yield Span(kind, start, place)
            kind = ""
        if tag != OUTSIDE and not kind:
            kind, start = tag[2:], place
