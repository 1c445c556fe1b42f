"""Which rows an out-of-vocabulary word borrows, by which rule, in which order."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table_of
from tokenizers import normalizers

from wordgraft.oov import coverage
from wordgraft.oov.fallbacks import Fallbacks, fallbacks_of
from wordgraft.table import EmbeddingTable

WORDS = ["rain", "Berlin", "NATO", "company", "river", "bank", "1999", "2004", "3.5%", "$12"]
WORDS += ["https://a.bc", "www.x.org/y", "link", "@anna", "😂", "joy", "tears", "face", "don't"]


def _cased(words: list[str]) -> EmbeddingTable:
    table = table_of(words, np.arange(1.0, len(words) + 1)[:, None])
    # As a cased checkpoint's: nothing is lowercased before the fallbacks see it.
    table.vocabulary.tokenizer.normalizer = normalizers.NFC()
    return table


TABLE = _cased(WORDS)


@pytest.mark.parametrize(
    ("word", "rule", "borrowed"),
    [
        ("RAIN", "case", ["rain"]),
        ("Rain", "case", ["rain"]),
        ("berlin", "case", ["Berlin"]),
        ("nato", "case", ["NATO"]),
        ("company's", "possessive", ["company"]),
        ("Company\u2019s", "possessive", ["company"]),
        ("https://t.co/x-1", "url", ["https://a.bc", "www.x.org/y"]),
        ("mail@x.org", "url", ["https://a.bc", "www.x.org/y"]),
        ("@Rain", "name", ["rain"]),
        ("#bank", "name", ["bank"]),
        ("$NATO", "name", ["NATO"]),
        ("@nobody", "name", ["@anna"]),
        ("2031", "number", ["1999", "2004"]),
        ("7.1%", "number", ["3.5%"]),
        ("20,31", "number", ["1999", "2004"]),
        ("1,250.75%", "number", ["3.5%"]),
        ("$19", "number", ["$12"]),
        ("😂\ufe0f", "emoji", ["😂"]),
        ("😹", "emoji", ["face", "tears", "joy"]),
        ("river-bank", "hyphenated", ["river", "bank"]),
        ("River/Bank", "hyphenated", ["river", "bank"]),
    ],
)
def test_the_rule_and_the_rows(word: str, rule: str, borrowed: list[str]) -> None:
    fallback = fallbacks_of(TABLE).find(word)
    assert fallback is not None
    assert fallback.rule == rule
    assert sorted(TABLE.vocabulary.words[row] for row in fallback.rows) == sorted(borrowed)


@pytest.mark.parametrize(
    "word",
    [
        *("", " ", "unheard", "river-unheard", "s", "'s", "#", "@", "-", "--", "x1y"),
        *("\u0301", "\x00", "☃", "R" * 10_000, "rain's's"),
    ],
)
def test_what_finds_nothing_is_left_to_the_method(word: str) -> None:
    assert fallbacks_of(TABLE).find(word) is None


def test_a_url_without_urls_takes_the_word_for_them() -> None:
    table = _cased(["link", "rain"])
    fallback = fallbacks_of(table).find("www.x.org")
    assert fallback is not None
    assert [table.vocabulary.words[row] for row in fallback.rows] == ["link"]


def test_rows_without_a_vector_are_not_lent() -> None:
    table = _cased(["rain", "2004"])
    lent = Fallbacks(table.vocabulary, np.array([2]))
    assert lent.find("RAIN") is not None
    assert lent.find("2005") is None
    assert lent.find("[unk]") is None


def test_they_are_counted_in_the_coverage() -> None:
    measured = coverage(TABLE, ["rain RAIN RAIN Rain 2031 unheard"])
    assert measured.oov_tokens == 5
    assert measured.borrowed == {"case": 3, "number": 1}
    assert str(measured) == (
        "5 of 6 running words (4 of 5 different ones) are out of vocabulary; "
        "4 of them borrow a row: 3 by case, 1 by number"
    )
