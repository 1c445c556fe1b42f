"""How much of a text a vocabulary covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.vocabulary import UNK

_TEXTS_AT_ONCE = 4096


@dataclass(frozen=True)
class Coverage:
    """Counts over some texts. `unknown` holds each word without a row and its occurrences."""

    texts: int
    tokens: int
    words: int
    unknown: Counter[str] = field(default_factory=Counter, repr=False)

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
        )


def coverage_of(vocabulary: Vocabulary, texts: Iterable[str]) -> Coverage:
    """Stream `texts` and count what `vocabulary` has rows for."""
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
    return Coverage(n_texts, n_tokens, known + len(unknown), unknown)
