"""The checkpoint's own tokenizer, from text to pieces, and its special pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError

# Usual spellings of the two pieces that every vocabulary needs.
_PAD_PIECES = ("[PAD]", "<pad>")
_UNK_PIECES = ("[UNK]", "<unk>")


@dataclass(frozen=True)
class PieceTokenizer:
    """Splits text into piece ids, in Rust. The file's truncation and padding are switched off."""

    tokenizer: Tokenizer
    pad: str
    unk: str

    @classmethod
    def read(cls, folder: Path) -> PieceTokenizer:
        """Read `tokenizer.json`, or if there is none `vocab.txt` (WordPiece).

        Raises `CheckpointError`.
        """
        settings = _json(folder / "tokenizer_config.json")
        tokenizer = _tokenizer(folder, settings)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        special = {**_json(folder / "special_tokens_map.json"), **settings}
        return cls(
            tokenizer,
            pad=_role(tokenizer, special.get("pad_token"), _PAD_PIECES, folder),
            unk=_role(tokenizer, special.get("unk_token"), _UNK_PIECES, folder),
        )

    def to_json(self) -> str:
        """A string from which `from_json` makes the same tokenizer."""
        rule = json.loads(self.tokenizer.to_str())
        return json.dumps({"pad": self.pad, "unk": self.unk, "tokenizer": rule})

    @classmethod
    def from_json(cls, text: str) -> PieceTokenizer:
        """The tokenizer that `to_json` wrote."""
        content = json.loads(text)
        rule = Tokenizer.from_str(json.dumps(content["tokenizer"]))
        return cls(rule, content["pad"], content["unk"])

    @cached_property
    def size(self) -> int:
        """The largest piece id plus 1."""
        return max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """The pieces by id, as `pieces_by_id` has them."""
        return tuple(pieces_by_id(self.tokenizer, self.size))

    @property
    def pad_id(self) -> int:
        """The id of the padding piece."""
        return self._id(self.pad)

    @property
    def unk_id(self) -> int:
        """The id of the piece for text that the tokenizer does not know."""
        return self._id(self.unk)

    @cached_property
    def specials(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids of the special tokens that the encoder expects before and after a text."""
        bare = self.tokenizer.encode("a", add_special_tokens=False).ids
        full = self.tokenizer.encode("a", add_special_tokens=True).ids
        for start in range(len(full) - len(bare) + 1):
            if full[start : start + len(bare)] == bare:
                return tuple(full[:start]), tuple(full[start + len(bare) :])
        raise CheckpointError(
            f"the tokenizer changes a text's pieces when it adds special tokens: {full}"
        )

    def word_pieces(self, words: Sequence[str]) -> Ragged:
        """The piece ids of each word as in running text, after a space.

        A word without any piece, not even for its characters, becomes one unk piece.
        """
        encodings = self.tokenizer.encode_batch_fast(
            [f" {word}" for word in words], add_special_tokens=False
        )
        return Ragged.of([encoding.ids or [self.unk_id] for encoding in encodings])

    def ids(self, text: str) -> tuple[int, ...]:
        """The piece ids of a text, without special tokens."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _id(self, piece: str) -> int:
        id = self.tokenizer.token_to_id(piece)
        assert id is not None  # _role looked it up
        return int(id)


def pieces_by_id(tokenizer: Tokenizer, size: int) -> list[str]:
    """The pieces (or words) of ids 0 to `size - 1`; `[no piece N]` if the tokenizer has no id N."""
    pieces = [f"[no piece {id}]" for id in range(size)]
    for piece, id in tokenizer.get_vocab(with_added_tokens=True).items():
        pieces[id] = piece
    return pieces


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); download it again") from error
    return content if isinstance(content, dict) else {}


def _tokenizer(folder: Path, settings: dict[str, Any]) -> Tokenizer:
    if (path := folder / "tokenizer.json").is_file():
        try:
            return Tokenizer.from_file(str(path))
        # Not narrower: for whatever is wrong with the file, tokenizers raises Exception itself.
        except Exception as error:
            raise CheckpointError(f"{path} cannot be read ({error}); download it again") from error
    if (path := folder / "vocab.txt").is_file():
        return _wordpiece(path, settings)
    raise CheckpointError(f"{folder} has no tokenizer: expected tokenizer.json or vocab.txt")


def _wordpiece(path: Path, settings: dict[str, Any]) -> Tokenizer:
    from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

    try:
        # Split only at line feeds: some vocabularies have other line separators as pieces.
        pieces = path.read_text("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not UTF-8; download it again") from error
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    lower = bool(settings.get("do_lower_case", True))
    bert = BertWordPieceTokenizer(
        vocabulary,
        lowercase=lower,
        strip_accents=settings.get("strip_accents"),
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
    )
    return Tokenizer.from_str(bert.to_str())


def _role(tokenizer: Tokenizer, named: Any, usual: tuple[str, ...], folder: Path) -> str:
    if isinstance(named, dict):
        named = named.get("content")
    candidates = ([named] if isinstance(named, str) else []) + list(usual)
    for piece in candidates:
        if tokenizer.token_to_id(piece) is not None:
            return piece
    raise CheckpointError(
        f"{folder}: its tokenizer has none of the pieces {', '.join(candidates)}; a table needs a "
        "padding piece and an unknown piece"
    )
