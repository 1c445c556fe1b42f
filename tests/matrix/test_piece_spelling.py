"""Pieces are read as text in the manner of the tokenizer that made them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from wordgraft.matrix.piece_spelling import Piece, PieceSpelling

WORDPIECE = PieceSpelling(continues="##")
SENTENCEPIECE = PieceSpelling(begins="\u2581")
BYTES = PieceSpelling(begins="\u0120", byte_level=True)


@pytest.mark.parametrize(
    ("spelling", "piece", "text", "begins"),
    [
        (WORDPIECE, "the", "the", True),
        (WORDPIECE, "##ing", "ing", False),
        (WORDPIECE, "##", "##", True),
        (SENTENCEPIECE, "\u2581the", "the", True),
        (SENTENCEPIECE, "ing", "ing", False),
        (SENTENCEPIECE, "\u2581", "\u2581", False),
        (BYTES, "\u0120na\u00c3\u00afve", "na\u00efve", True),
        (BYTES, "ing", "ing", False),
        (PieceSpelling(ends="</w>"), "ing</w>", "ing", True),
    ],
)
def test_pieces_are_read_and_written(
    spelling: PieceSpelling, piece: str, text: str, begins: bool
) -> None:
    assert spelling.read(piece) == Piece(text, begins)
    if not spelling.ends and text not in ("##", "\u2581"):
        assert spelling.write(Piece(text, begins)) == piece


def test_a_part_of_a_character_is_not_text() -> None:
    assert BYTES.read("\u00c3") is None


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("bert", WORDPIECE), ("roberta", BYTES), ("xlm_roberta", SENTENCEPIECE)],
)
def test_marks_are_found_in_the_tokenizer(
    tiny_checkpoint: Callable[[str], Path], name: str, spelling: PieceSpelling
) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_checkpoint(name) / "tokenizer.json"))
    assert PieceSpelling.of(tokenizer) == spelling
