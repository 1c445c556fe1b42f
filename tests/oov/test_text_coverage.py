"""How much of a text has rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import table_of

from wordgraft.oov import coverage

TABLE = table_of(["the", "river", "bank"], [[1.0], [2.0], [3.0]])


def test_counts_of_a_small_text() -> None:
    measured = coverage(TABLE, ["The bank, the BOAT", "", "boat river rain"])
    assert (measured.texts, measured.tokens, measured.words) == (3, 8, 6)
    assert measured.oov_words == {"boat": 2, ",": 1, "rain": 1}
    assert measured.oov_tokens == 4
    assert measured.token_share == 0.5
    assert measured.word_share == 0.5
    assert str(measured) == "4 of 8 running words (3 of 6 different ones) are out of vocabulary"


def test_no_text_is_wholly_covered() -> None:
    measured = coverage(TABLE, [])
    assert (measured.texts, measured.tokens, measured.token_share, measured.word_share) == (
        0,
        0,
        1.0,
        1.0,
    )


@given(st.lists(st.lists(st.sampled_from(["the", "bank", "boat", "tea", "."]), max_size=6)))
def test_equals_counting_by_hand_in_blocks_of_any_size(texts: list[list[str]]) -> None:
    running = [word for text in texts for word in text]
    unknown = [word for word in running if word in ("boat", "tea", ".")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wordgraft.oov.text_coverage._TEXTS_AT_ONCE", 2)
        measured = coverage(TABLE, (" ".join(text) for text in texts))
    assert (measured.texts, measured.tokens, measured.words) == (
        len(texts),
        len(running),
        len({*running}),
    )
    assert measured.oov_words == {word: unknown.count(word) for word in unknown}
