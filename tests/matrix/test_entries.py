"""Vocabularies of every kind become entries and ids; others are refused with the reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from tokenizers import Tokenizer, models

from wordgraft.errors import VocabularyError
from wordgraft.matrix.entries import Entries


def _pairs(vocabulary: Any) -> dict[str, int]:
    entries = Entries.of(vocabulary)
    return dict(zip(entries.words, entries.ids.tolist(), strict=True))


def test_mappings_keep_their_ids() -> None:
    assert _pairs({"sun": np.int64(7), "rain": 2}) == {"sun": 7, "rain": 2}
    assert Entries.of({"sun": 7, "rain": 2}).rows == 8


@pytest.mark.parametrize("words", [["b", "a"], ("b", "a"), np.array(["b", "a"]), iter("ba")])
def test_sequences_number_their_words(words: Any) -> None:
    assert _pairs(words) == {"b": 0, "a": 1}


def test_objects_that_hold_a_mapping() -> None:
    mapping = {"sun": 1, "rain": 0}
    assert _pairs(SimpleNamespace(key_to_index=mapping)) == mapping
    assert _pairs(SimpleNamespace(stoi=mapping)) == mapping
    assert _pairs(SimpleNamespace(get_stoi=lambda: mapping)) == mapping
    assert _pairs(CountVectorizer(ngram_range=(1, 2)).fit(["warm sun"])) == {
        "sun": 0,
        "warm": 1,
        "warm sun": 2,
    }


@pytest.mark.keras
def test_keras_layers_give_padding_and_unknown_first() -> None:
    import keras

    lookup = keras.layers.StringLookup(vocabulary=["sun", "rain"], mask_token="")
    assert _pairs(lookup) == {"": 0, "[UNK]": 1, "sun": 2, "rain": 3}
    reading = keras.layers.TextVectorization(vocabulary=["sun", "rain"])
    assert _pairs(reading) == {"": 0, "[UNK]": 1, "sun": 2, "rain": 3}


def test_tokenizers_give_their_pieces() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "sun": 1, "##s": 2}, unk_token="[UNK]"))
    entries = Entries.of(tokenizer)
    assert dict(zip(entries.words, entries.ids.tolist(), strict=True))["##s"] == 2
    assert entries.spelling is not None
    assert entries.spelling.continues == "##"
    wrapped = Entries.of(SimpleNamespace(backend_tokenizer=tokenizer))
    assert wrapped.words == entries.words


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ("sun rain", r"is one string \('sun rain'\)"),
        ({}, "the vocabulary is empty"),
        ([], "the vocabulary is empty"),
        (7, "the vocabulary is a int; expected a mapping from word to id"),
        ({0: "sun"}, r"a key of the vocabulary is a int \(0\), expected a string"),
        (["sun", None], r"entry 1 of the vocabulary is a NoneType"),
        (["sun\ud83d"], "half a surrogate pair"),
        ({"sun": 1.0}, "the id of 'sun' is 1.0, a float; expected a whole number"),
        ({"sun": True}, "the id of 'sun' is True, a bool"),
        ({"sun": "1"}, "the id of 'sun' is '1', a str"),
        ({"sun": -1}, "the id of 'sun' is -1; ids number the rows"),
        ({"sun": 1, "rain": 1}, "id 1 belongs to 'sun' and to 'rain'"),
        (CountVectorizer(), "this CountVectorizer has no words yet: call its fit first"),
        (
            SimpleNamespace(convert_ids_to_tokens=len),
            "has no `backend_tokenizer`: load the fast tokenizer",
        ),
    ],
)
def test_what_cannot_be_used_is_named(vocabulary: Any, message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        Entries.of(vocabulary)
