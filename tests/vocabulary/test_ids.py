"""Ids by chunk are exactly those of the whole text."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.errors import VocabularyError
from wordgraft.sources.contextual.alignment import AlignedWords, KnownWords, OpenWords
from wordgraft.vocabulary import ids as module
from wordgraft.vocabulary.ids import ChunkCache, IdLookup, can_look_up

# Whitespace of all kinds, control characters that some rules drop, combining marks.
ODD = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2003\u2028\u3000\x00\x07\u200b\u0301\u0327\ufeff"
LETTERS = "aAbThe rain'.,-_$1``''[]UNK\u00e9\u00c9\u00df\u0130\u4f60\u03a3\u1e9b\ufb01\U0001f327"
texts = st.lists(st.text(alphabet=ODD + LETTERS, max_size=25), max_size=6)
# Their pre-tokenizers look at the space before a word.
UNFIT = ("roberta", "modernbert")
spaced_texts = st.lists(st.text(alphabet="a the'rain.\u00e9\u4f60-", max_size=20), max_size=5)


def expected(tokenizer: Tokenizer, some: Sequence[str]) -> list[list[int]]:
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in some]


def ids_of(vocabulary: Vocabulary, some: Sequence[str]) -> list[list[int]]:
    ids = vocabulary.ids(some)
    pairs = zip(ids.offsets[:-1], ids.offsets[1:], strict=True)
    return [ids.ids[start:end].tolist() for start, end in pairs]


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_ids_of_any_text(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], name: str, pieces: bool
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = (
        Vocabulary.from_tokenizer(checkpoint)
        if pieces
        else Vocabulary.from_words(["the", "rain", "b", "'", "``", "\u00e9", "fi"], checkpoint)
    )
    if not pieces:
        assert can_look_up(vocabulary.tokenizer) is (name not in UNFIT)

    @settings(max_examples=60)
    @example(["a \u0301b", "\u0301", "", " ", "a  b\n\nc", "`` '' \u1e9b\u0327", "\x1ca\x1cb\x85c"])
    @given(texts)
    def check(some: list[str]) -> None:
        assert ids_of(vocabulary, some) == expected(vocabulary.tokenizer, some)

    check()
    assert ids_of(vocabulary, sentences) == expected(vocabulary.tokenizer, sentences)


def test_emptying_the_cache_changes_no_ids(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED_IDS", 5)
    monkeypatch.setattr(module, "_TEXTS_AT_ONCE", 3)
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_texts(sentences[:10], checkpoint)
    for _ in range(2):
        assert ids_of(vocabulary, sentences) == expected(vocabulary.tokenizer, sentences)
    assert len(vocabulary.ids([])) == 0


def test_a_chunk_is_tokenized_once(
    tiny_checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = IdLookup._ids_of

    def watched(self: IdLookup, chunks: Sequence[str]) -> object:
        asked.extend(chunks)
        return read(self, chunks)

    monkeypatch.setattr(IdLookup, "_ids_of", watched)
    vocabulary = Vocabulary.from_words(["rain"], open_checkpoint(tiny_checkpoint("bert")))
    vocabulary.ids(["the rain", "rain, the"])
    vocabulary.ids(["no rain"])
    assert [chunk for chunk in asked if chunk] == ["the", "rain", "rain,", "no"]
    again = pickle.loads(pickle.dumps(vocabulary))
    assert ids_of(again, ["no rain"]) == [[1, 2]]


@pytest.mark.parametrize("lower", [True, False])
def test_ascii_needs_no_tokenizer(
    tiny_checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, lower: bool
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    checkpoint.tokenizer.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    vocabulary = Vocabulary.from_words(["rain", "Rain", "2031", "$", "_"], checkpoint)
    some = ["$RAIN (Rain)", "it_rains 2031-x", "[UNK] [PAD]'s"]
    wanted = expected(vocabulary.tokenizer, some)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(IdLookup, "_tokenized", never)
    assert ids_of(vocabulary, some) == wanted


def test_rules_that_look_further_are_left_to_the_tokenizer() -> None:
    def rule() -> Tokenizer:
        made = Tokenizer(models.WordLevel({"[UNK]": 0, "new york": 1}, "[UNK]"))
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return made

    assert can_look_up(rule())
    for change in (
        lambda t: t.enable_truncation(3),
        lambda t: t.enable_padding(),
        lambda t: t.add_tokens(["new york"]),
        lambda t: t.add_tokens([AddedToken("x", lstrip=True)]),
        lambda t: setattr(t, "pre_tokenizer", pre_tokenizers.ByteLevel()),
        lambda t: setattr(t, "normalizer", normalizers.Replace("new york", "x")),
        lambda t: setattr(t, "normalizer", normalizers.Prepend("x")),
    ):
        changed = rule()
        change(changed)
        assert not can_look_up(changed)


def test_a_lone_surrogate_is_an_error(tiny_checkpoint: Callable[[str], Path]) -> None:
    vocabulary = Vocabulary.from_words(["rain"], open_checkpoint(tiny_checkpoint("bert")))
    with pytest.raises(VocabularyError, match="lone surrogate"):
        vocabulary.ids(["rain \udfff rain"])


def letters(chunks: Sequence[str]) -> tuple[Ragged, ...]:
    return (Ragged.of([[ord(c) for c in each] for each in chunks]),)


@given(spaced_texts)
def test_a_texts_values_are_those_of_its_chunks(some: list[str]) -> None:
    (found,) = ChunkCache(letters).columns(some)
    expected = [[ord(c) for c in text if c != " "] for text in some]
    assert [row.tolist() for row in np.split(found.ids, found.offsets[1:-1])][: len(some)] == (
        expected if some else []
    )


def test_the_rule_is_applied_once_to_a_chunk() -> None:
    asked: list[str] = []

    def rule(chunks: Sequence[str]) -> tuple[Ragged, ...]:
        asked.extend(chunks)
        return letters(chunks)

    cut = ChunkCache(rule)
    cut.columns(["a b a", "b"])
    cut.columns(["c a"])
    assert asked == ["a", "b", "c"]


def test_emptying_the_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 2)
    cut = ChunkCache(letters)
    for text in ("a b c d", "d e", "a"):
        (found,) = cut.columns([text])
        assert found.ids.tolist() == [ord(c) for c in text if c != " "]


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_pieces_and_words_of_whole_sentences(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], name: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_texts(sentences, checkpoint)
    pieces, rows, first, count, *_ = ChunkCache(AlignedWords(checkpoint, vocabulary)).columns(
        sentences
    )
    whole = [f" {text}" for text in sentences]
    expected = Ragged.of([list(checkpoint.tokenizer.ids(text)) for text in whole])
    np.testing.assert_array_equal(pieces.ids, expected.ids)
    np.testing.assert_array_equal(pieces.offsets, expected.offsets)
    np.testing.assert_array_equal(rows.ids, vocabulary.ids(whole).ids)
    assert count.ids.min() >= 1
    # A chunk's first word begins at its first piece, or behind a blank that is a piece alone.
    assert set(first.ids[rows.offsets[:-1]].tolist()) <= {0, 1}
    (known, _), (open_, _) = (
        ChunkCache(rule).columns(sentences)
        for rule in (KnownWords(checkpoint, vocabulary), OpenWords(checkpoint))
    )
    np.testing.assert_array_equal(known.ids, rows.ids)
    assert len(open_.ids) == len(rows.ids)


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm_roberta"])
def test_any_text_at_all(tiny_checkpoint: Callable[[str], Path], name: str) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_words(["the", "rain"], checkpoint)
    cut = ChunkCache(AlignedWords(checkpoint, vocabulary))

    @settings(max_examples=50)
    @given(spaced_texts)
    def check(some: list[str]) -> None:
        pieces, rows, first, count, chunk_pieces, chunk_words = cut.columns(some)
        whole = [f" {' '.join(text.split())}" for text in some if text.split()]
        expected = [id for text in whole for id in checkpoint.tokenizer.ids(text)]
        assert pieces.ids.tolist() == expected
        assert rows.ids.tolist() == vocabulary.ids(whole).ids.tolist() if whole else True
        assert chunk_pieces.ids.sum() == len(pieces.ids)
        assert chunk_words.ids.sum() == len(rows.ids) == len(first.ids) == len(count.ids)

    check()
