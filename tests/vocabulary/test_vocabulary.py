"""Which words get a row, and the same ids from wordgraft and from tokenizer.json alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import VocabularyError

Tiny = Callable[[str], Path]
each_architecture = pytest.mark.parametrize("name", tiny.ARCHITECTURES)
ODD = [
    "",
    " \t\n ",
    "🚀🚀 to the moon 🌙",
    "a\0b",
    "naïve café CAFÉ",
    "don't well-known 12% 3.14",
    "中文 text",
    "x" * 500,
    "[UNK] [PAD] <pad> <unk>",
    "word " * 2_000,
]


def words_of(vocabulary: Vocabulary) -> list[str]:
    return list(vocabulary)[2:]


@each_architecture
def test_tokenizer_json_alone_gives_the_same_ids(
    tiny_checkpoint: Tiny, tmp_path: Path, sentences: list[str], name: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    for vocabulary in (
        Vocabulary.from_texts(sentences, checkpoint),
        Vocabulary.from_tokenizer(checkpoint),
    ):
        vocabulary.tokenizer.save(str(tmp_path / "tokenizer.json"))
        alone = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
        texts = [*sentences, *ODD]
        ids = vocabulary.ids(texts)
        expected = [encoding.ids for encoding in alone.encode_batch(texts)]
        assert np.split(ids.ids, ids.offsets[1:-1])[0].tolist() == expected[0]
        assert ids.ids.tolist() == [id for row in expected for id in row]
        assert ids.lengths.tolist() == [len(row) for row in expected]
        assert ids.ids.max() < len(vocabulary)


@each_architecture
def test_every_word_of_the_texts_has_its_row_and_its_count(
    tiny_checkpoint: Tiny, sentences: list[str], name: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_texts(sentences, checkpoint)
    ids = vocabulary.ids(sentences).ids
    assert vocabulary.roles["unk"] not in ids
    assert 0 not in ids
    np.testing.assert_array_equal(np.bincount(ids, minlength=len(vocabulary)), vocabulary.counts)
    counts = vocabulary.counts[2:]
    assert (np.diff(counts) <= 0).all()
    spelt = [vocabulary.words[id] for id in vocabulary.ids(["the river runs"]).ids]
    assert spelt == ["the", "river", "runs"]


@each_architecture
def test_pieces_are_those_of_transformers(
    tiny_checkpoint: Tiny, sentences: list[str], name: str
) -> None:
    folder = tiny_checkpoint(name)
    vocabulary = Vocabulary.from_tokenizer(open_checkpoint(folder))
    theirs = AutoTokenizer.from_pretrained(folder)
    assert theirs.pad_token == vocabulary.words[0]
    for text in sentences:
        pieces = [vocabulary.words[id] for id in vocabulary.ids([text]).ids]
        assert pieces == theirs.tokenize(text), text
    assert len(vocabulary) == open_checkpoint(folder).tokenizer.size


def test_vocab_txt_gives_the_words_and_pieces_of_tokenizer_json(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    both = [open_checkpoint(tiny_checkpoint(name)) for name in ("bert", "bert_vocab_txt")]
    texts = [*sentences, *ODD]
    pieces = [Vocabulary.from_tokenizer(checkpoint).ids(texts).ids.tolist() for checkpoint in both]
    assert pieces[0] == pieces[1]
    words = [Vocabulary.from_texts(texts, checkpoint) for checkpoint in both]
    assert list(words[0]) == list(words[1])


def test_case_is_kept_where_the_checkpoint_keeps_it(tiny_checkpoint: Tiny) -> None:
    texts = ["Anna anna ÉCOLE école"]
    uncased, cased = (
        Vocabulary.from_texts(texts, open_checkpoint(tiny_checkpoint(name)))
        for name in ("bert", "bert_cased")
    )
    assert words_of(uncased) == ["anna", "ecole"]
    assert set(words_of(cased)) == {"Anna", "anna", "ÉCOLE", "école"}
    assert uncased.row("ANNA") == uncased.row("anna")
    assert cased.row("ANNA") is None


def test_the_most_frequent_and_then_the_alphabet(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    texts = ["b a c", "c b", "c d"]
    assert words_of(Vocabulary.from_texts(texts, checkpoint)) == ["c", "b", "a", "d"]
    assert words_of(Vocabulary.from_texts(reversed(texts), checkpoint)) == ["c", "b", "a", "d"]
    assert words_of(Vocabulary.from_texts(texts, checkpoint, min_count=2)) == ["c", "b"]
    short = Vocabulary.from_texts(texts, checkpoint, max_words=3)
    assert words_of(short) == ["c", "b", "a"]
    assert short.counts.tolist() == [0, 0, 3, 2, 1]
    assert short.ids(["d c"]).ids.tolist() == [1, 2]


def test_texts_may_be_an_iterator_that_is_read_once(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    assert words_of(Vocabulary.from_texts(iter(["sun"]), checkpoint)) == ["sun"]


def test_a_word_list_keeps_its_order(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(["Zoo", "New  York", "ant", "zoo", " ", "[PAD]"], checkpoint)
    assert words_of(vocabulary)[:3] == ["zoo", "new york", "ant"]
    assert not vocabulary.counts.any()
    assert "ZOO" in vocabulary


@each_architecture
def test_special_pieces_in_a_text_are_only_words(tiny_checkpoint: Tiny, name: str) -> None:
    """A text that spells the padding piece must not become padding."""
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    pad = checkpoint.tokenizer.pad
    vocabulary = Vocabulary.from_texts([f"warm {pad} sun"], checkpoint)
    ids = vocabulary.ids([f"warm {pad} sun"]).ids
    assert [vocabulary.words[id] for id in (ids[0], ids[-1])] == ["warm", "sun"]
    assert 0 not in ids


@settings(max_examples=60)
@given(text=st.text(max_size=40))
@pytest.mark.parametrize("name", ["bert", "roberta", "xlm_roberta", "deberta_v2", "modernbert"])
def test_words_and_ids_run_side_by_side(tiny_checkpoint: Tiny, name: str, text: str) -> None:
    """Unknown words are found by their place: segments and ids must be equally many."""
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    vocabulary = Vocabulary.from_words(["sun", "rain"], checkpoint)
    ids = vocabulary.ids([text])
    segments = vocabulary.segment(text)
    assert len(segments) == len(ids.ids)
    assert [word for _, word in vocabulary.unknown([text], ids)] == [
        word for word, id in zip(segments, ids.ids, strict=True) if id == 1
    ]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ("one string", {}, "texts is one string, expected an iterable"),
        (["a", None], {}, r"text 1 is a NoneType \(None\), expected a string; leave missing"),
        ([], {}, "the texts have 0 different words"),
        (["", " \n", "\0"], {}, "the texts have 0 different words"),
        (["a b"], {"min_count": 2}, "have 2 different words, but none occurs 2 times"),
        (["a b"], {"max_words": 0}, "max_words is 0, expected at least 1"),
    ],
)
def test_texts_that_give_no_words(
    tiny_checkpoint: Tiny, texts: list[str], options: dict[str, int], message: str
) -> None:
    with pytest.raises(VocabularyError, match=message):
        Vocabulary.from_texts(texts, open_checkpoint(tiny_checkpoint("bert")), **options)


def test_word_lists_that_give_no_words(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    with pytest.raises(VocabularyError, match="words is one string"):
        Vocabulary.from_words("sun", checkpoint)
    with pytest.raises(VocabularyError, match="the word list has no words"):
        Vocabulary.from_words([" ", ""], checkpoint)
