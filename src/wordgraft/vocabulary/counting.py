"""Words out of texts and word lists."""

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
    """The words to keep, most frequent first, equally frequent ones by the alphabet."""
    if max_words is not None and max_words < 1:
        raise VocabularyError(f"max_words is {max_words}, expected at least 1")
    kept = sorted(
        (word for word, count in counts.items() if count >= min_count),
        key=lambda word: (-counts[word], word),
    )
    if not kept:
        raise VocabularyError(
            f"the texts hold {len(counts):,} different words and none occurs {min_count} times; "
            "lower min_count or give more texts"
        )
    return kept[:max_words]


def normalized_words(words: Iterable[str], checkpoint: Checkpoint) -> list[str]:
    """The words as the checkpoint's normaliser writes them, without blanks and repetitions."""
    if isinstance(words, str):
        raise VocabularyError("words is one string, expected an iterable of them")
    tokenizer = checkpoint.tokenizer.tokenizer
    kept = dict.fromkeys(" ".join(normalize(tokenizer, word).split()) for word in words)
    kept.pop("", None)
    if not kept:
        raise VocabularyError("the word list holds no words")
    return list(kept)
