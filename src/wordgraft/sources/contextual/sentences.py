"""Splits texts into sentences, or into windows of a fixed number of words.

These are the contexts that are counted and sampled, and splitting them needs no tokenizer. What is
still too long for an encoder is split once more, by pieces, in `checkpoint.inputs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Words in the longest sentence that is not cut: some 300 tokens, which every encoder takes.
LONGEST_SENTENCE = 200

# After a full stop and its quotes and brackets, unless a lowercase letter follows; CJK stops need
# no whitespace. "Mr. Smith" is cut too: half a sentence is a context as well.
_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019\u00bb)\]]*\s+(?=[^\sa-z])|(?<=[\u3002\uff01\uff1f])"
)


def sentences_of(text: str, window: int | None = None) -> Iterator[str]:
    """The sentences of a text, or its windows of `window` words; no word is left out.

    Each run of whitespace becomes one space. A sentence of more than `LONGEST_SENTENCE` words is
    cut into windows.

    >>> list(sentences_of("It rains.  She said: Go! and went."))
    ['It rains.', 'She said: Go! and went.']
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
