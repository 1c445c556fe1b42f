"""How much of a text a vocabulary covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from wordgraft.table.fallbacks import Fallbacks
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.vocabulary import UNK

_TEXTS_AT_ONCE = 4096


@dataclass(frozen=True)
class Coverage:
    """Counts over some texts.

    Attributes:
        unknown: each word without a row and its occurrences.
        borrowed: running words among them by the fall-back that finds rows for them; the rest is
            left to the method for unknown words.
    """

    texts: int
    tokens: int
    words: int
    unknown: Counter[str] = field(default_factory=Counter, repr=False)
    borrowed: Counter[str] = field(default_factory=Counter)

    @property
    def unknown_tokens(self) -> int:
        """Running words without a row."""
        return self.unknown.total()

    @property
    def token_share(self) -> float:
        """Share of the running text that has a row, 0 to 1."""
        return 1 - self.unknown_tokens / max(self.tokens, 1)

    @property
    def word_share(self) -> float:
        """Share of the different words that have a row, 0 to 1."""
        return 1 - len(self.unknown) / max(self.words, 1)

    def __str__(self) -> str:
        return (
            f"{self.unknown_tokens:,} of {self.tokens:,} running words "
            f"({len(self.unknown):,} of {self.words:,} different ones) have no row"
            + said_of(self.borrowed)
        )


def said_of(borrowed: Counter[str]) -> str:
    """`; 12 of them borrow one: 9 by case, 3 by number`, or nothing."""
    if not borrowed:
        return ""
    ways = ", ".join(f"{count:,} by {way}" for way, count in borrowed.most_common())
    return f"; {borrowed.total():,} of them borrow one: {ways}"


def coverage_of(vocabulary: Vocabulary, texts: Iterable[str], fallbacks: Fallbacks) -> Coverage:
    """Stream `texts` and count what `vocabulary` has rows for, and which ones words can borrow."""
    n_texts = n_tokens = 0
    seen: set[int] = set()
    unknown: Counter[str] = Counter()
    stream = iter(texts)
    while block := list(islice(stream, _TEXTS_AT_ONCE)):
        ids = vocabulary.ids(block)
        n_texts += len(block)
        n_tokens += len(ids.ids)
        seen.update(ids.ids.tolist())
        unknown.update(word for _, word in vocabulary.unknown(block, ids))
    known = len(seen - {vocabulary.roles[UNK]})
    borrowed: Counter[str] = Counter()
    if vocabulary.kind == "words":  # a piece that is unknown has no spelling
        for word, times in unknown.items():
            if found := fallbacks.find(word):
                borrowed[found.way] += times
    return Coverage(n_texts, n_tokens, known + len(unknown), unknown, borrowed)
