"""Selection: every word gets its contexts, the rare ones first, in few tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual import Sampler
from wordgraft.sources.contextual.selection import cover, select_sentences

row_sets = st.lists(st.sets(st.integers(0, 9), max_size=5), max_size=30)


@given(row_sets, st.integers(1, 4))
def test_every_word_gets_its_contexts_or_all_there_are(
    sentences: list[set[int]], contexts: int
) -> None:
    rows = Ragged.of([sorted(rows) for rows in sentences])
    costs = np.full(len(sentences), 5)
    chosen = cover(rows, costs, contexts=contexts, words=10)
    taken = [rows for rows, is_chosen in zip(sentences, chosen, strict=True) if is_chosen]
    for word in range(10):
        available = sum(word in rows for rows in sentences)
        assert sum(word in rows for rows in taken) >= min(contexts, available)
    assert all(taken)  # an empty sentence serves nobody


def test_a_sentence_that_serves_more_words_a_token_is_preferred() -> None:
    rows = Ragged.of([[0], [0, 1, 2], [0, 1], [2]])
    dear_first = cover(rows, np.array([1, 30, 4, 4]), contexts=1, words=3)
    assert dear_first.tolist() == [False, False, True, True]
    cheap = cover(rows, np.array([9, 9, 9, 9]), contexts=1, words=3)
    assert cheap.tolist() == [False, True, False, False]


def test_frequent_words_are_covered_on_the_way() -> None:
    rare = [[0, word] for word in range(1, 8)]
    rows = Ragged.of([*rare, [0], [0], [0]])
    chosen = cover(rows, np.full(10, 3), contexts=5, words=8)
    assert chosen.tolist() == [True] * 7 + [False] * 3


def test_the_longest_come_first_and_tokens_are_counted(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_texts(sentences, checkpoint, min_count=2)
    sampler = Sampler(checkpoint, vocabulary, size=4, seed=0)
    sampler.add(sentences)
    selection = select_sentences(sampler.sample(), checkpoint, vocabulary, contexts=1)
    expected = [
        len(checkpoint.tokenizer.tokenizer.encode(f" {text}").ids) for text in selection.sentences
    ]
    assert selection.tokens.tolist() == expected == sorted(expected, reverse=True)
    assert 0 < len(selection.sentences) < len(sentences)
