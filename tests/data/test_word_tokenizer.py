"""Words of running text."""

from __future__ import annotations

import pytest

from wordgraft.data.word_tokenizer import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tim Cook's team left.", ["Tim", "Cook", "'s", "team", "left", "."]),
        ("I don't, @bank #NLP", ["I", "do", "n't", ",", "@bank", "#NLP"]),
        ("see https://a.b/c?d=1, ok", ["see", "https://a.b/c?d=1", ",", "ok"]),
        ("U.S. firm paid $3.5m (12%)", ["U.S.", "firm", "paid", "$3.5", "m", "(", "12%", ")"]),
        ("well-known AT&T", ["well-known", "AT&T"]),
        ("", []),
    ],
)
def test_texts_are_split_as_in_files_of_tagged_entities(text: str, words: list[str]) -> None:
    found = words_of(text)
    assert [word.text for word in found] == words
    assert all(text[word.start : word.end] == word.text for word in found)
