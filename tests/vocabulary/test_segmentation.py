"""Tokenizers of words, and of pieces whose ids are renumbered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wordgraft import open_checkpoint
from wordgraft.vocabulary.segmentation import piece_tokenizer, segment, word_tokenizer

WORDS = {"[UNK]": 0, "rain": 1, "don": 2, "'t": 3, "t": 4}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bert", ["don", "'", "t", ",", "naive", "rain"]),
        ("roberta", ["don", "'t", ",", " na\u00efve", " rain"]),
        ("xlm_roberta", ["don", "'", "t", ",", "na\u00efve", "rain"]),
    ],
)
def test_words_are_spelled_as_usual(
    tiny_checkpoint: Callable[[str], Path], name: str, expected: list[str]
) -> None:
    pieces = open_checkpoint(tiny_checkpoint(name)).tokenizer.tokenizer
    tokenizer = word_tokenizer(pieces, WORDS, "[UNK]")
    words = segment(tokenizer, "don't, na\u00efve rain")
    assert [word.strip() for word in words] == [word.strip() for word in expected]
    ids = tokenizer.encode("don't, na\u00efve rain").ids
    assert ids == [WORDS.get(word.strip(), 0) for word in expected]


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm_roberta"])
def test_renumbered_pieces(tiny_checkpoint: Callable[[str], Path], name: str) -> None:
    tokenizer = open_checkpoint(tiny_checkpoint(name)).tokenizer
    order = [tokenizer.pad_id, *(i for i in range(tokenizer.size) if i != tokenizer.pad_id)]
    renumbered = piece_tokenizer(tokenizer.tokenizer, order)
    ids = renumbered.encode("the rain").ids
    assert [order[id] for id in ids] == list(tokenizer.ids("the rain"))
