"""Special entries: which spellings are recognized, and what a caller may name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import wordgraft as wg
from wordgraft.errors import VocabularyError
from wordgraft.matrix.special_entries import piece_of, roles_of, row_of


@pytest.mark.parametrize(
    ("entry", "role"),
    [
        *(("", "pad"), ("<PAD>", "pad"), ("[UNK]", "unk"), ("<oov>", "unk"), ("<s>", "cls")),
        *(("<bos>", "cls"), ("</s>", "sep"), ("<|endoftext|>", "sep"), ("[MASK]", "mask")),
    ],
)
def test_usual_spellings_are_recognized(entry: str, role: str) -> None:
    assert roles_of([entry, "sun"]) == {entry: role}


@pytest.mark.parametrize("word", ["pad", "unk", "mask", "<url>", "[1]", "UNKNOWN"])
def test_words_are_not_mistaken_for_special_entries(word: str) -> None:
    assert roles_of([word]) == {}


def test_the_caller_names_entries_and_takes_names_back() -> None:
    words = ["OTHER", "<s>", "sun"]
    assert roles_of(words, {"OTHER": "unk", "<s>": "word"}) == {"OTHER": "unk"}


def test_unknown_roles_and_missing_entries_are_refused() -> None:
    with pytest.raises(VocabularyError, match=r"'start'.*choose one of pad, unk, cls, sep, mask"):
        roles_of(["<go>"], {"<go>": "start"})
    with pytest.raises(VocabularyError, match=r"special names 'OTHER', which the vocabulary"):
        roles_of(["sun"], {"OTHER": "unk"})


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_each_role_has_the_piece_of_the_checkpoint(
    tiny_checkpoint: Callable[[str], Path], name: str
) -> None:
    checkpoint = wg.open_checkpoint(str(tiny_checkpoint(name)))
    pieces = checkpoint.tokenizer.pieces
    spelled = {role: pieces[piece_of(checkpoint, role) or 0] for role in ("cls", "sep", "mask")}
    bert = {"cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    assert spelled == (bert if name == "bert" else {"cls": "<s>", "sep": "</s>", "mask": "<mask>"})


def test_a_row_is_found_by_any_spelling_of_its_role() -> None:
    assert row_of({"<PAD>": 0, "[CLS]": 3}, "cls") == 3
    assert row_of({"sun": 0}, "cls") is None
