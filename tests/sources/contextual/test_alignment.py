"""Rules that cut chunks: words by number, rows, and the pieces of each row's word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.sources.contextual.alignment import AlignedWords, KnownWords, OpenWords


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


def test_open_words_are_numbered_as_they_come(checkpoint: Checkpoint) -> None:
    rule = OpenWords(checkpoint)
    rule.resume(["rain", "the"])
    numbers, pieces = rule(["The", "river,", "rain"])
    assert rule.words == ("rain", "the", "river", ",")
    assert numbers.ids.tolist() == [1, 2, 3, 0]
    assert numbers.lengths.tolist() == [1, 2, 1]
    expected = checkpoint.tokenizer.word_pieces(["The", "river,", "rain"]).lengths
    assert pieces.ids.tolist() == expected.tolist()


def test_known_words_have_their_rows_and_others_the_unk_row(checkpoint: Checkpoint) -> None:
    vocabulary = Vocabulary.from_words(["rain", "the"], checkpoint)
    rows, _ = KnownWords(checkpoint, vocabulary)(["the", "qwerty", "rain"])
    assert rows.ids.tolist() == [vocabulary.row("the"), 1, vocabulary.row("rain")]


def test_a_word_is_aligned_with_its_pieces(checkpoint: Checkpoint) -> None:
    word = "farmerriver"
    pieces = checkpoint.tokenizer.word_pieces([word]).ids
    assert len(pieces) > 1
    vocabulary = Vocabulary.from_words([word, "rain"], checkpoint)
    ids, rows, first, count, of_chunk, words_of_chunk = AlignedWords(checkpoint, vocabulary)(
        [f"{word},rain"]
    )
    assert ids.ids[: len(pieces)].tolist() == pieces.tolist()
    assert rows.ids.tolist() == [vocabulary.row(word), 1, vocabulary.row("rain")]
    assert first.ids.tolist() == [0, len(pieces), len(pieces) + 1]
    assert count.ids.tolist()[:2] == [len(pieces), 1]
    assert of_chunk.ids.tolist() == [len(ids.ids)]
    assert words_of_chunk.ids.tolist() == [3]
