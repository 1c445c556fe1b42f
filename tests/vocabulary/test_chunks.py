"""Cutting what stands between blanks, once, gives what cutting the whole text gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual.alignment import AlignedWords, KnownWords, OpenWords
from wordgraft.vocabulary import chunks as module
from wordgraft.vocabulary.chunks import Chunks

texts = st.lists(st.text(alphabet="a the'rain.\u00e9\u4f60-", max_size=20), max_size=5)


def letters(chunks: Sequence[str]) -> tuple[Ragged, ...]:
    return (Ragged.of([[ord(c) for c in each] for each in chunks]),)


@given(texts)
def test_a_texts_values_are_those_of_its_chunks(some: list[str]) -> None:
    (found,) = Chunks(letters).columns(some)
    expected = [[ord(c) for c in text if c != " "] for text in some]
    assert [row.tolist() for row in np.split(found.ids, found.offsets[1:-1])][: len(some)] == (
        expected if some else []
    )


def test_the_rule_is_asked_once_for_a_chunk() -> None:
    asked: list[str] = []

    def rule(chunks: Sequence[str]) -> tuple[Ragged, ...]:
        asked.extend(chunks)
        return letters(chunks)

    cut = Chunks(rule)
    cut.columns(["a b a", "b"])
    cut.columns(["c a"])
    assert asked == ["a", "b", "c"]


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 2)
    cut = Chunks(letters)
    for text in ("a b c d", "d e", "a"):
        (found,) = cut.columns([text])
        assert found.ids.tolist() == [ord(c) for c in text if c != " "]


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_pieces_and_words_of_whole_sentences(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], name: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_texts(sentences, checkpoint)
    pieces, rows, first, count, *_ = Chunks(AlignedWords(checkpoint, vocabulary)).columns(sentences)
    whole = [f" {text}" for text in sentences]
    expected = Ragged.of([list(checkpoint.tokenizer.ids(text)) for text in whole])
    np.testing.assert_array_equal(pieces.ids, expected.ids)
    np.testing.assert_array_equal(pieces.offsets, expected.offsets)
    np.testing.assert_array_equal(rows.ids, vocabulary.ids(whole).ids)
    assert count.ids.min() >= 1
    # A chunk's first word begins at its first piece, or behind a blank that is a piece alone.
    assert set(first.ids[rows.offsets[:-1]].tolist()) <= {0, 1}
    (known, _), (open_, _) = (
        Chunks(rule).columns(sentences)
        for rule in (KnownWords(checkpoint, vocabulary), OpenWords(checkpoint))
    )
    np.testing.assert_array_equal(known.ids, rows.ids)
    assert len(open_.ids) == len(rows.ids)


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm_roberta"])
def test_any_text_at_all(tiny_checkpoint: Callable[[str], Path], name: str) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_words(["the", "rain"], checkpoint)
    cut = Chunks(AlignedWords(checkpoint, vocabulary))

    @settings(deadline=None, max_examples=50)
    @given(texts)
    def check(some: list[str]) -> None:
        pieces, rows, first, count, chunk_pieces, chunk_words = cut.columns(some)
        whole = [f" {' '.join(text.split())}" for text in some if text.split()]
        expected = [id for text in whole for id in checkpoint.tokenizer.ids(text)]
        assert pieces.ids.tolist() == expected
        assert rows.ids.tolist() == vocabulary.ids(whole).ids.tolist() if whole else True
        assert chunk_pieces.ids.sum() == len(pieces.ids)
        assert chunk_words.ids.sum() == len(rows.ids) == len(first.ids) == len(count.ids)

    check()
