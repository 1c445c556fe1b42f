"""Entries of a vocabulary that are no words: padding, the unknown word, starts, ends and masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import VocabularyError

# What an entry can stand for. `word` is for the caller alone: it makes an entry an ordinary word.
ROLES = ("pad", "unk", "cls", "sep", "mask")
# Spellings by role, compared in lower case. All have brackets or underscores, so that no word of a
# language is mistaken for one; Keras spells its padding as the empty string.
_SPELLINGS = {
    "pad": ("", "[pad]", "<pad>", "<padding>", "<blank>", "_pad_", "<|pad|>", "<|padding|>"),
    "unk": ("[unk]", "<unk>", "<unknown>", "[oov]", "<oov>", "_unk_", "<|unk|>"),
    "cls": (
        *("[cls]", "<cls>", "<s>", "[bos]", "<bos>", "[sos]", "<sos>", "[start]", "<start>"),
        *("<go>", "_bos_", "_go_", "<|startoftext|>", "<|begin_of_text|>"),
    ),
    "sep": (
        *("[sep]", "<sep>", "</s>", "[eos]", "<eos>", "[end]", "<end>", "_eos_"),
        *("<|endoftext|>", "<|end_of_text|>"),
    ),
    "mask": ("[mask]", "<mask>", "_mask_"),
}
_ROLE_OF = {spelling: role for role, spellings in _SPELLINGS.items() for spelling in spellings}


def roles_of(words: Iterable[str], named: Mapping[str, str] | None = None) -> dict[str, str]:
    """The role of each special entry among `words`.

    >>> roles_of(["<pad>", "[UNK]", "sun", "OTHER"], {"OTHER": "unk"})
    {'<pad>': 'pad', '[UNK]': 'unk', 'OTHER': 'unk'}

    Args:
        named: roles by entry, as the caller names them; `word` for an entry that only looks
            special.

    Raises `VocabularyError` for a role that does not exist and an entry that is not there.
    """
    words, named = list(words), dict(named or {})
    for entry, role in named.items():
        if role not in (*ROLES, "word"):
            raise VocabularyError(
                f"special={{{entry!r}: {role!r}}}: unknown role; choose one of "
                f"{', '.join(ROLES)}, or 'word' for an ordinary word"
            )
    if missing := named.keys() - set(words):
        raise VocabularyError(
            f"special names {', '.join(map(repr, sorted(missing)))}, which the vocabulary does not "
            "have; give the entries as they are spelled there"
        )
    roles = {word: named.get(word) or _ROLE_OF.get(word.lower()) for word in words}
    return {word: role for word, role in roles.items() if role not in (None, "word")}


def piece_of(checkpoint: Checkpoint, role: str) -> int | None:
    """The id of the checkpoint's own piece for a role; None if it has none."""
    pieces = checkpoint.tokenizer
    before, after = pieces.specials
    if role == "cls":
        return before[0] if before else None
    if role == "sep":
        return after[0] if after else None
    if role == "mask":
        ids = (pieces.tokenizer.token_to_id(piece) for piece in ("[MASK]", "<mask>"))
        return next((id for id in ids if id is not None), None)
    return {"pad": pieces.pad_id, "unk": pieces.unk_id}[role]


def row_of(words: Mapping[str, int], role: str) -> int | None:
    """The row of the first of `words` that is a usual spelling of a role; None if there is none."""
    spellings = (spelling for usual in _SPELLINGS[role] for spelling in (usual, usual.upper()))
    return next((words[spelling] for spelling in spellings if spelling in words), None)
