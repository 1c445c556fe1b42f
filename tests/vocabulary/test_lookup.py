"""Looking up what stands between blanks gives exactly the ids of the tokenizer."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tiny
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import VocabularyError
from wordgraft.vocabulary import lookup as module
from wordgraft.vocabulary.lookup import IdLookup, fits

# Blanks of all kinds, controls that some rules drop, marks that join the letter before them.
ODD = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2003\u2028\u3000\x00\x07\u200b\u0301\u0327\ufeff"
LETTERS = "aAbThe rain'.,-_$1``''[]UNK\u00e9\u00c9\u00df\u0130\u4f60\u03a3\u1e9b\ufb01\U0001f327"
texts = st.lists(st.text(alphabet=ODD + LETTERS, max_size=25), max_size=6)
# Their cutting looks at the blank before a word.
UNFIT = ("roberta", "modernbert")


def expected(tokenizer: Tokenizer, some: Sequence[str]) -> list[list[int]]:
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in some]


def found(vocabulary: Vocabulary, some: Sequence[str]) -> list[list[int]]:
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
        assert fits(vocabulary.tokenizer) is (name not in UNFIT)

    @settings(deadline=None, max_examples=60)
    @example(["a \u0301b", "\u0301", "", " ", "a  b\n\nc", "`` '' \u1e9b\u0327", "\x1ca\x1cb\x85c"])
    @given(texts)
    def check(some: list[str]) -> None:
        assert found(vocabulary, some) == expected(vocabulary.tokenizer, some)

    check()
    assert found(vocabulary, sentences) == expected(vocabulary.tokenizer, sentences)


def test_forgetting_changes_nothing(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 5)
    monkeypatch.setattr(module, "_TEXTS_AT_ONCE", 3)
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_texts(sentences[:10], checkpoint)
    for _ in range(2):
        assert found(vocabulary, sentences) == expected(vocabulary.tokenizer, sentences)
    assert len(vocabulary.ids([])) == 0


def test_a_chunk_is_cut_once(
    tiny_checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = IdLookup._read

    def watched(self: IdLookup, chunks: Sequence[str]) -> object:
        asked.extend(chunks)
        return read(self, chunks)

    monkeypatch.setattr(IdLookup, "_read", watched)
    vocabulary = Vocabulary.from_words(["rain"], open_checkpoint(tiny_checkpoint("bert")))
    vocabulary.ids(["the rain", "rain, the"])
    vocabulary.ids(["no rain"])
    assert [chunk for chunk in asked if chunk] == ["the", "rain", "rain,", "no"]
    again = pickle.loads(pickle.dumps(vocabulary))
    assert found(again, ["no rain"]) == [[1, 2]]


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

    monkeypatch.setattr(IdLookup, "_cut", never)
    assert found(vocabulary, some) == wanted


def test_rules_that_look_further_are_left_to_the_tokenizer() -> None:
    def rule() -> Tokenizer:
        made = Tokenizer(models.WordLevel({"[UNK]": 0, "new york": 1}, "[UNK]"))
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return made

    assert fits(rule())
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
        assert not fits(changed)


def test_a_lone_surrogate_is_an_error(tiny_checkpoint: Callable[[str], Path]) -> None:
    vocabulary = Vocabulary.from_words(["rain"], open_checkpoint(tiny_checkpoint("bert")))
    with pytest.raises(VocabularyError, match="lone surrogate"):
        vocabulary.ids(["rain \udfff rain"])
