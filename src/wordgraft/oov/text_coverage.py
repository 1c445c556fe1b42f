"""`coverage`: the share of the words of some texts that a table has rows for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from wordgraft.oov.fallbacks import fallbacks_of
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary.vocabulary import UNK

_TEXTS_AT_ONCE = 4096


@dataclass(frozen=True)
class Coverage:
    """Counts over some texts. OOV stands for out-of-vocabulary.

    Attributes:
        texts: how many texts there were.
        tokens: how many running words.
        words: how many different words.
        oov_words: each OOV word with its occurrences.
        borrowed: running OOV words by the fallback rule that finds rows for them; all others are
            left to the OOV method.
    """

    texts: int
    tokens: int
    words: int
    oov_words: Counter[str] = field(default_factory=Counter, repr=False)
    borrowed: Counter[str] = field(default_factory=Counter)

    @property
    def oov_tokens(self) -> int:
        """Running words that are out of vocabulary."""
        return self.oov_words.total()

    @property
    def token_share(self) -> float:
        """Share of the running words that have a row, 0 to 1."""
        return 1 - self.oov_tokens / max(self.tokens, 1)

    @property
    def word_share(self) -> float:
        """Share of the different words that have a row, 0 to 1."""
        return 1 - len(self.oov_words) / max(self.words, 1)

    def __str__(self) -> str:
        return (
            f"{self.oov_tokens:,} of {self.tokens:,} running words "
            f"({len(self.oov_words):,} of {self.words:,} different ones) are out of vocabulary"
            + borrowed_note(self.borrowed)
        )


def borrowed_note(borrowed: Counter[str]) -> str:
    """The end of a sentence that says how many words borrow a row, or nothing.

    >>> borrowed_note(Counter(case=9, number=3))
    '; 12 of them borrow a row: 9 by case, 3 by number'
    """
    if not borrowed:
        return ""
    rules = ", ".join(f"{count:,} by {rule}" for rule, count in borrowed.most_common())
    return f"; {borrowed.total():,} of them borrow a row: {rules}"


def coverage(table: EmbeddingTable, texts: Iterable[str]) -> Coverage:
    """Stream `texts` and count what `table` has rows for, and which words can borrow one.

    >>> print(coverage(table, ["sun and moon"]))
    1 of 3 running words (1 of 3 different ones) are out of vocabulary
    """
    vocabulary, fallbacks = table.vocabulary, fallbacks_of(table)
    n_texts = n_tokens = 0
    used_rows: set[int] = set()
    oov_words: Counter[str] = Counter()
    stream = iter(texts)
    while block := list(islice(stream, _TEXTS_AT_ONCE)):
        ids = vocabulary.ids(block)
        n_texts += len(block)
        n_tokens += len(ids.ids)
        used_rows.update(ids.ids.tolist())
        oov_words.update(word for _, word in vocabulary.unknown(block, ids))
    known = len(used_rows - {vocabulary.roles[UNK]})
    borrowed: Counter[str] = Counter()
    if vocabulary.kind == "words":  # an unknown piece has no spelling
        for word, count in oov_words.items():
            if match := fallbacks.find(word):
                borrowed[match.rule] += count
    return Coverage(n_texts, n_tokens, known + len(oov_words), oov_words, borrowed)
