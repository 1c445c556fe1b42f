"""Ways to write entities as tags a word: IOB1, IOB2, IOBES and BILOU read, IOB2 used.

IOB1    I-PER I-PER O       B- only between two entities of one kind
IOB2    B-PER I-PER O       B- at each beginning
IOBES   B-PER E-PER S-LOC   ends and single words marked too; BILOU writes L- and U-
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
    """An entity: its kind, and its words `start` to `end - 1`."""

    kind: str
    start: int
    end: int


def is_tag(text: str) -> bool:
    """Whether a string is a tag of one of the schemes."""
    return _TAG.fullmatch(text) is not None


def to_iob2(tags: Sequence[str]) -> list[str]:
    """The tags of a sentence in IOB2, whichever scheme they are in.

    An entity begins where a tag says so, where its kind changes, and where none goes on: an `I-`
    without its `B-` begins one. Raises `DataError` for what is no tag.
    """
    found, before, ended = [], "", True
    for tag in tags:
        if not is_tag(tag):
            raise DataError(
                f"{tag!r} is no tag; expected O, or B- I- E- S- L- U- and a kind, as in B-PER"
            )
        mark, _, kind = tag.partition("-")
        if not kind:
            found.append(OUTSIDE)
            before, ended = "", True
            continue
        begins = mark in _BEGINS or kind != before or ended
        found.append(f"{'B' if begins else 'I'}-{kind}")
        before, ended = kind, mark in _ENDS
    return found


def without_beginning(tags: Sequence[str]) -> int:
    """How many tags `I-X` stand behind neither `B-X` nor `I-X`, in IOB2 tags."""
    pairs = zip([OUTSIDE, *tags], tags, strict=False)
    return sum(tag[:2] == "I-" and before[2:] != tag[2:] for before, tag in pairs)


def spans_of(tags: Sequence[str]) -> Iterator[Span]:
    """The entities of a sentence's IOB2 tags, in order."""
    kind, start = "", 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        if kind and not (tag[:2] == "I-" and tag[2:] == kind):
            yield Span(kind, start, place)
            kind = ""
        if tag != OUTSIDE and not kind:
            kind, start = tag[2:], place
