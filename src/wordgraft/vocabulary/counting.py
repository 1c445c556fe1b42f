"""The words of texts and of word lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import VocabularyError
from wordgraft.vocabulary.segmentation import normalize, segment, word_tokenizer


def count_words(texts: Iterable[str], checkpoint: Checkpoint) -> Counter[str]:
    """How often each word occurs in `texts`, which are streamed."""
    if isinstance(texts, str):
        raise VocabularyError(
            "texts is one string, expected an iterable of them: wrap it in a list, "
            "or read a file with wordgraft.read_texts"
        )
    pieces = checkpoint.tokenizer
    rule = word_tokenizer(pieces.tokenizer, {pieces.unk: 0}, pieces.unk)
    counts: Counter[str] = Counter()
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise VocabularyError(
                f"text {number} is a {type(text).__name__} ({text!r:.40}), expected a string; "
                "leave missing texts out"
            )
        counts.update(segment(rule, text))
    return counts


def most_frequent(counts: Mapping[str, int], *, min_count: int, max_words: int | None) -> list[str]:
    """The words with at least `min_count` occurrences, by frequency, then alphabetically.

    Raises `VocabularyError` if there is none.
    """
    if max_words is not None and max_words < 1:
        raise VocabularyError(f"max_words is {max_words}, expected at least 1")
    words = sorted(
        (word for word, count in counts.items() if count >= min_count),
        key=lambda word: (-counts[word], word),
    )
    if not words:
        raise VocabularyError(
            f"the texts have {len(counts):,} different words, but none occurs {min_count} times; "
            "lower min_count or give more texts"
        )
    return words[:max_words]


def normalized_words(words: Iterable[str], checkpoint: Checkpoint) -> list[str]:
    """The words as the checkpoint normalizes them, each once; empty words are left out.

    Raises `VocabularyError` if no word is left.
    """
    if isinstance(words, str):
        raise VocabularyError("words is one string, expected an iterable of them")
    tokenizer = checkpoint.tokenizer.tokenizer
    normalized = dict.fromkeys(" ".join(normalize(tokenizer, word).split()) for word in words)
    normalized.pop("", None)
    if not normalized:
        raise VocabularyError("the word list has no words")
    return list(normalized)
