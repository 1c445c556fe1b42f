"""Text to ids by looking up what stands between two blanks, where that gives what cutting gives.

A tokenizer makes an object of every text and cuts each word of it anew. Texts repeat their words:
those seen before are found in a dictionary here, and only the others are cut.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import compress, count, islice, repeat
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.core.ragged import Ragged
from wordgraft.errors import VocabularyError

if TYPE_CHECKING:
    from jaxtyping import Bool
    from numpy import ndarray

# Chunks remembered before all are forgotten, to bound memory: some 30 MB.
_MOST_REMEMBERED = 200_000
_BLANKS = " \t\n\r"
# Stands between texts. Half of a character: no text that a tokenizer takes can hold it.
_END = "\udfff"
# Texts whose chunks are held at once.
_TEXTS_AT_ONCE = 512
# Normalisers that look at no other place than the one they change, or at its marks.
_LOCAL = (
    "BertNormalizer",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "StripAccents",
    "Strip",
)
# Those that do no more to printable ASCII than to lower its case.
_ASCII_STAYS = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")
# Stands between chunks that are cut together; no chunk holds it.
_BETWEEN = "\n"
_ASCII_WORDS = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]")


class IdLookup:
    """Texts to the ids that a tokenizer gives them.

    Args:
        tokenizer: one for which `fits` is true.
        row_of: of a vocabulary of words, each word's id; nothing of a vocabulary of pieces.
        unk: id of a word that has none.
    """

    def __init__(self, tokenizer: Tokenizer, row_of: Mapping[str, int], unk: int) -> None:
        self._tokenizer = tokenizer
        self._row_of, self._unk = row_of, unk
        # BERT's rule cuts at all of these alike.
        self._any_blank = _first_step(tokenizer) == {"type": "BertPreTokenizer"}
        self._ascii = _ascii_rule(tokenizer) if row_of else None
        self._lock = Lock()
        self._ids: Ragged
        self._forget()

    def ids(self, texts: Sequence[str]) -> Ragged:
        """Each text's ids."""
        parts = []
        with self._lock:
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                parts.append(self._block(texts[start : start + _TEXTS_AT_ONCE]))
        if len(parts) == 1:
            return parts[0]
        lengths = [part.lengths for part in parts]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate([[], *lengths]), dtype=np.int64)])
        return Ragged(np.concatenate([np.zeros(0, np.int64), *(p.ids for p in parts)]), offsets)

    def _block(self, texts: Sequence[str]) -> Ragged:
        if len(self._number) > _MOST_REMEMBERED:
            self._forget()
        # All texts as one string, cut once. The rest of their blanks stay within chunks.
        whole = f" {_END} ".join([*texts, ""])
        if self._any_blank:
            whole = whole.replace("\n", " ").replace("\t", " ").replace("\r", " ")
        chunks = whole.split(" ")
        known = len(self._number)
        numbers = np.fromiter(map(self._number.__getitem__, chunks), np.int64, len(chunks))
        ends = np.flatnonzero(numbers == 0)
        if len(ends) != len(texts):
            raise VocabularyError(
                f"a text holds the lone surrogate {_END!a}, which is no character: read it as UTF-8"
            )
        if fresh := len(self._number) - known:
            new = list(islice(reversed(self._number), fresh))[::-1]
            self._ids = self._ids.append(self._read(new))
        ids = self._ids.take(numbers)
        return Ragged(ids.ids, ids.offsets[np.concatenate([[0], ends])])

    def _read(self, chunks: Sequence[str]) -> Ragged:
        """The ids of new chunks; those that are plain need no tokenizer."""
        plain = self._are_plain(chunks)
        easy, hard = list(compress(chunks, plain)), list(compress(chunks, ~plain))
        found = self._plain(easy)
        if hard:
            found = found.append(self._cut(hard))
        # The plain ones came first.
        return found.take(np.argsort(np.argsort(~plain, kind="stable")))

    def _cut(self, chunks: list[str]) -> Ragged:
        """The tokenizer's own ids."""
        encodings = self._tokenizer.encode_batch_fast(chunks, add_special_tokens=False)
        return Ragged.of([encoding.ids for encoding in encodings])

    def _are_plain(self, chunks: Sequence[str]) -> Bool[ndarray, " chunks"]:
        """Which chunks are cut into words as `_plain` does."""
        if not self._row_of:
            return np.zeros(len(chunks), bool)
        asked = [str.isascii, str.isprintable]
        if self._ascii is None:
            asked += [str.isalpha, str.islower]
        answers = [np.fromiter(map(ask, chunks), bool, len(chunks)) for ask in asked]
        plain: Bool[ndarray, " chunks"] = np.logical_and.reduce(answers)
        return plain

    def _plain(self, chunks: Sequence[str]) -> Ragged:
        """The ids of chunks that need no tokenizer, all cut at once."""
        lower = self._ascii or str
        words = _ASCII_WORDS.findall(lower(_BETWEEN.join(chunks)))
        ids = np.fromiter(map(self._row_of.get, words, repeat(self._unk)), np.int64, len(words))
        between = np.fromiter(map(_BETWEEN.__eq__, words), bool, len(words))
        ends = np.concatenate([np.flatnonzero(between), [len(words)]])[: len(chunks)]
        # Each border before an end took a place.
        offsets = np.concatenate([[0], ends - np.arange(len(ends))])
        return Ragged(ids[~between], offsets)

    def _forget(self) -> None:
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        self._number[_END]
        self._ids = Ragged.of([()])


def fits(tokenizer: Tokenizer) -> bool:
    """Whether a text's ids are those of what stands between its blanks, one after the other."""
    if tokenizer.truncation or tokenizer.padding or tokenizer.pre_tokenizer is None:
        return False
    for token in tokenizer.get_added_tokens_decoder().values():
        if token.lstrip or token.rstrip or token.single_word or set(token.content) & set(_BLANKS):
            return False
    first = _first_step(tokenizer)
    at_blanks = first["type"] in ("BertPreTokenizer", "WhitespaceSplit") or (
        first["type"] == "Split"
        and first["pattern"] == {"Regex": r"\s+"}
        and first["behavior"] == "Removed"
    )
    steps = _steps(tokenizer.normalizer, "normalizers")
    return at_blanks and all(_is_local(step) for step in steps)


def _ascii_rule(tokenizer: Tokenizer) -> Callable[[str], str] | None:
    """What the tokenizer makes of ASCII letters, if it then sets each sign apart and no more."""
    normalizers = _steps(tokenizer.normalizer, "normalizers")
    cuts = _steps(tokenizer.pre_tokenizer, "pretokenizers")
    if cuts != [{"type": "BertPreTokenizer"}] or tokenizer.get_added_tokens_decoder():
        return None
    if any(step["type"] not in _ASCII_STAYS for step in normalizers):
        return None
    lowers = any(
        step["type"] == "Lowercase" or step.get("lowercase") is True for step in normalizers
    )
    return str.lower if lowers else str


def _first_step(tokenizer: Tokenizer) -> dict[str, Any]:
    return _steps(tokenizer.pre_tokenizer, "pretokenizers")[0]


def _is_local(step: dict[str, Any]) -> bool:
    if step["type"] == "Replace":
        pattern = step["pattern"]
        # Blanks made one leave chunks as they are.
        return pattern == {"Regex": " {2,}"} or not set(pattern.get("String", " ")) & set(_BLANKS)
    return step["type"] in _LOCAL


def _steps(part: Any, name: str) -> list[dict[str, Any]]:
    """The steps of a tokenizer's part, as JSON has them, without its words."""
    if part is None:
        return []
    rule = json.loads(part.__getstate__())
    found: list[dict[str, Any]] = rule.get(name, [rule])
    return found
