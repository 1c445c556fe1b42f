"""Casing and letters of words as numbers."""

from __future__ import annotations

import pytest

from wordgraft.vocabulary.word_features import CASING_KINDS, casing_of, letters_of


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *[("warm", "lower"), ("Rome", "Title"), ("NATO", "UPPER"), ("iPhone", "miXed")],
        *[("2017", "digits"), ("3rd", "d1gits"), ("...", "sign"), ("中文", "other")],
    ],
)
def test_how_words_are_written(word: str, kind: str) -> None:
    assert CASING_KINDS[casing_of(word)] == kind


def test_letters_are_numbers_and_long_words_are_cut_inside() -> None:
    assert letters_of("ab", codes=512, longest=4) == [98, 99, 0, 0]
    assert letters_of("abcdef", codes=512, longest=4) == letters_of("abef", codes=512, longest=4)
