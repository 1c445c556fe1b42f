"""How a tokenizer spells its pieces: the text of a piece, and whether a word begins with it.

WordPiece writes `##ing` for the end of a word, SentencePiece `▁the` for the beginning, byte-level
BPE `Ġthe` for the beginning, with each byte as a letter; other BPE writes `the</w>` for the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from tokenizers import Tokenizer

_METASPACE = "\u2581"
_BYTE_SPACE = "\u0120"  # how a byte-level tokenizer writes a space


class Piece(NamedTuple):
    """The text of a piece, and whether it begins a word rather than continues one."""

    text: str
    begins: bool


@dataclass(frozen=True)
class PieceSpelling:
    """The marks by which a tokenizer tells the beginning of a word from its continuation.

    Attributes:
        continues: what stands before a piece that continues a word (`##`), or nothing.
        begins: what stands before a piece that begins a word (`▁`, `Ġ`), or nothing.
        ends: what stands after a piece that ends a word (`</w>`), or nothing.
        byte_level: whether each letter stands for a byte.
    """

    continues: str = ""
    begins: str = ""
    ends: str = ""
    byte_level: bool = False

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> PieceSpelling:
        """The marks of a tokenizer, from its own description."""
        rule = json.loads(tokenizer.to_str())
        model = rule["model"]
        used = json.dumps([rule.get("pre_tokenizer"), rule.get("decoder"), rule.get("normalizer")])
        if model.get("type") == "WordPiece":
            return cls(continues=model.get("continuing_subword_prefix") or "")
        if '"ByteLevel"' in used:
            return cls(begins=_BYTE_SPACE, byte_level=True)
        if '"Metaspace"' in used or _METASPACE in used:
            return cls(begins=_METASPACE)
        return cls(
            continues=model.get("continuing_subword_prefix") or "",
            ends=model.get("end_of_word_suffix") or "",
        )

    def read(self, piece: str) -> Piece | None:
        """A piece as text; None if its bytes are only a part of a character.

        >>> PieceSpelling(continues="##").read("##ing")
        Piece(text='ing', begins=False)
        >>> PieceSpelling(begins="▁").read("▁the")
        Piece(text='the', begins=True)
        """
        begins = True
        if self.continues:
            begins = not piece.startswith(self.continues) or piece == self.continues
            piece = piece if begins else piece.removeprefix(self.continues)
        elif self.begins:
            begins = piece.startswith(self.begins) and piece != self.begins
            piece = piece.removeprefix(self.begins) if begins else piece
        piece = piece.removesuffix(self.ends) if piece != self.ends else piece
        if not self.byte_level:
            return Piece(piece, begins)
        letters = _byte_of()
        try:
            text = bytes(letters[letter] for letter in piece).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            return None
        return Piece(text, begins)

    def write(self, piece: Piece) -> str:
        """The inverse of `read`: how this tokenizer spells a piece.

        >>> PieceSpelling(continues="##").write(Piece("ing", False))
        '##ing'
        """
        text = piece.text
        if self.byte_level:
            letter_of = {byte: letter for letter, byte in _byte_of().items()}
            text = "".join(letter_of[byte] for byte in text.encode())
        return f"{self.begins if piece.begins else self.continues}{text}"


@cache
def _byte_of() -> dict[str, int]:
    """The byte that each letter of a byte-level tokenizer stands for.

    Printable bytes of Latin-1 stand for themselves; the others follow from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }
