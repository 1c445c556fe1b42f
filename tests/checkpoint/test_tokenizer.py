"""Tokenizers and their special pieces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from tokenizers import Tokenizer, models

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer, pieces_by_id


def test_a_line_separator_may_be_a_piece_of_vocab_txt(tmp_path: Path) -> None:
    from wordgraft.checkpoint.tokenizer import PieceTokenizer

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2028", "\x85", "sun"]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    assert PieceTokenizer.read(tmp_path).pieces == tuple(pieces)
    assert PieceTokenizer.read(tmp_path).ids("sun") == (7,)


def test_ids_without_a_piece_have_a_name() -> None:
    tokenizer = Tokenizer(models.WordLevel({"sun": 2, "rain": 0}, "sun"))
    assert pieces_by_id(tokenizer, 4) == ["rain", "[no piece 1]", "sun", "[no piece 3]"]


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_a_tokenizer_survives_json(tiny_checkpoint: Callable[[str], Path], name: str) -> None:
    tokenizer = open_checkpoint(tiny_checkpoint(name)).tokenizer
    again = PieceTokenizer.from_json(tokenizer.to_json())
    assert (again.pad_id, again.unk_id) == (tokenizer.pad_id, tokenizer.unk_id)
    assert again.pieces == tokenizer.pieces
    before, after = again.specials
    full = tokenizer.tokenizer.encode("the rain").ids
    assert full == [*before, *again.ids("the rain"), *after]


def test_words_have_the_pieces_of_running_text(tiny_checkpoint: Callable[[str], Path]) -> None:
    tokenizer = open_checkpoint(tiny_checkpoint("roberta")).tokenizer
    pieces = tokenizer.word_pieces(["rain", "sun"])
    assert tuple(pieces.ids) == tokenizer.ids(" rain sun")
