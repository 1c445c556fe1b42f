"""Words of texts and word lists, in their order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wordgraft import open_checkpoint
from wordgraft.errors import VocabularyError
from wordgraft.vocabulary.counting import count_words, most_frequent, normalized_words


def test_words_are_counted_in_their_normalized_form(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    texts = ["The rain, the RAIN", "", "rain!"]
    uncased = count_words(texts, open_checkpoint(tiny_checkpoint("bert")))
    assert uncased == {"rain": 3, "the": 2, ",": 1, "!": 1}
    cased = count_words(texts, open_checkpoint(tiny_checkpoint("bert_cased")))
    assert cased == {"rain": 2, "RAIN": 1, "The": 1, "the": 1, ",": 1, "!": 1}


def test_the_most_frequent_words() -> None:
    counts = {"b": 2, "a": 2, "c": 3, "d": 1}
    assert most_frequent(counts, min_count=1, max_words=None) == ["c", "a", "b", "d"]
    assert most_frequent(counts, min_count=2, max_words=2) == ["c", "a"]
    with pytest.raises(VocabularyError, match="have 4 different words, but none occurs 9 times"):
        most_frequent(counts, min_count=9, max_words=None)


def test_a_word_list_is_normalized(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    words = normalized_words(["Caf\u00e9", "new \t York", "cafe", " "], checkpoint)
    assert words == ["cafe", "new york"]
