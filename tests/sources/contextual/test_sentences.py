"""Sentences and windows: where they end, and that no word is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wordgraft.sources.contextual.sentences import LONGEST_SENTENCE, sentences_of


@given(st.text(alphabet="ab .!?\n\tÄ。", max_size=80), st.sampled_from([None, 1, 3]))
def test_no_word_is_lost(text: str, window: int | None) -> None:
    sentences = list(sentences_of(text, window))
    assert "".join(sentences).replace(" ", "") == "".join(text.split())
    assert all(sentence and sentence == " ".join(sentence.split()) for sentence in sentences)
    if window is not None:
        assert all(len(sentence.split()) <= window for sentence in sentences)


def test_where_sentences_end() -> None:
    text = 'He said "no." Then 3.5 left, e.g. this one. what? Yes! \u4f60\u597d\u3002\u518d\u89c1'
    assert list(sentences_of(text)) == [
        'He said "no."',
        "Then 3.5 left, e.g. this one. what?",
        "Yes!",
        "\u4f60\u597d\u3002",
        "\u518d\u89c1",
    ]
    assert [len(s.split()) for s in sentences_of("w " * (2 * LONGEST_SENTENCE + 1))] == [
        LONGEST_SENTENCE,
        LONGEST_SENTENCE,
        1,
    ]
