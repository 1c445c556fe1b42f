"""Texts to the sentences, or windows of a fixed number of words, that the encoder will see."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Words of a sentence before it is cut into windows: some 300 tokens, which every encoder takes.
LONGEST_SENTENCE = 200

# Behind a full stop, with its quotes and brackets, where something other than a small letter
# follows; CJK stops need no blank. "Mr. Smith" is cut too: half a sentence is a context as well.
_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019\u00bb)\]]*\s+(?=[^\sa-z])|(?<=[\u3002\uff01\uff1f])"
)


def sentences_of(text: str, window: int | None = None) -> Iterator[str]:
    """The sentences of a text, blanks made one; or its windows of `window` words.

    A sentence longer than `LONGEST_SENTENCE` words comes in windows too; no word is left out.
    """
    if window is not None:
        yield from _windows(text.split(), window)
        return
    start = 0
    for end in _END.finditer(text):
        yield from _windows(text[start : end.end()].split(), LONGEST_SENTENCE)
        start = end.end()
    yield from _windows(text[start:].split(), LONGEST_SENTENCE)


def _windows(words: list[str], size: int) -> Iterator[str]:
    for start in range(0, len(words), size):
        yield " ".join(words[start : start + size])
