"""From text to ids through a cache of chunks, the parts of a text between whitespace.

All tokenizers of the BERT family split at whitespace first, so the words and pieces of a text are
those of its chunks, one after the other. Texts repeat their chunks: a chunk that was seen before is
found in a dictionary, and only new ones are tokenized, without an `Encoding` object for each text.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress, count, islice, repeat
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.core.ragged import Ragged
from wordgraft.errors import VocabularyError

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64
    from numpy import ndarray

# What a rule gives for some chunks: one or more columns with a row per chunk.
Columns = tuple[Ragged, ...]
# Chunks that are remembered before the cache is emptied, which limits it to about 300 MB with the
# columns of `sources.contextual`, and to 30 MB with ids alone.
_MOST_REMEMBERED = 1_000_000
_MOST_REMEMBERED_IDS = 200_000
_WHITESPACE = frozenset(" \t\n\r")
# Separates texts. It is half a surrogate pair, which no text that a tokenizer takes can contain.
_END = "\udfff"
# Texts whose chunks are in memory at once.
_TEXTS_AT_ONCE = 512
# Normalizers that look only at the character they change, or at its combining marks.
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
# Those that change printable ASCII only by lowercasing it.
_ASCII_STAYS = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")
# Separates chunks that are split together; no chunk contains it.
_BETWEEN = "\n"
_ASCII_WORDS = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]")


class ChunkCache:
    """Applies a rule to the chunks of texts, once to each distinct chunk.

    Args:
        rule: gives the columns of some chunks.
        most_remembered: distinct chunks after which the cache is emptied.
        separator: a chunk that gets number 0 and empty rows; the rule is not applied to it.
    """

    def __init__(
        self,
        rule: Callable[[Sequence[str]], Columns],
        *,
        most_remembered: int | None = None,
        separator: str | None = None,
    ) -> None:
        self._rule = rule
        self._most_remembered = most_remembered or _MOST_REMEMBERED
        self._separator = separator
        self._columns: Columns = ()
        self._empty()

    def columns(self, texts: Sequence[str]) -> Columns:
        """The values of each text, by column: those of its chunks, one after the other."""
        chunks = [text.split() for text in texts]
        numbers, columns = self.look_up([*chain.from_iterable(chunks)])
        ends = np.concatenate(
            [[0], np.cumsum([len(of_text) for of_text in chunks], dtype=np.int64)]
        )
        rows = (column.take(numbers) for column in columns)
        return tuple(Ragged(values.ids, values.offsets[ends]) for values in rows)

    def look_up(self, chunks: Sequence[str]) -> tuple[Int64[ndarray, " chunks"], Columns]:
        """The number of each chunk, and the columns, whose row `i` belongs to chunk number `i`."""
        if len(self._number) > self._most_remembered:
            self._empty()
        known = len(self._number)
        numbers = np.fromiter(map(self._number.__getitem__, chunks), np.int64, len(chunks))
        if new := len(self._number) - known:
            new_chunks = list(islice(reversed(self._number), new))[::-1]
            pairs = zip(self._columns, self._rule(new_chunks), strict=True)
            self._columns = tuple(column.append(more) for column, more in pairs)
        return numbers, self._columns

    def _empty(self) -> None:
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        self._columns = self._rule([])
        if self._separator is not None:
            self._number[self._separator]
            self._columns = tuple(column.append(Ragged.of([[]])) for column in self._columns)


class IdLookup:
    """Gives texts the ids that a tokenizer gives them.

    Args:
        tokenizer: one for which `can_look_up` is true.
        row_of: the id of each word, for a vocabulary of words; empty for one of pieces.
        unk: the id of out-of-vocabulary words.

    Raises `VocabularyError` for a text with a lone surrogate, which is not a character.
    """

    def __init__(self, tokenizer: Tokenizer, row_of: Mapping[str, int], unk: int) -> None:
        self._tokenizer = tokenizer
        self._row_of, self._unk = row_of, unk
        # BERT's pre-tokenizer splits at all of these.
        self._any_whitespace = _first_step(tokenizer) == {"type": "BertPreTokenizer"}
        self._ascii = _ascii_rule(tokenizer) if row_of else None
        self._lock = Lock()
        self._cache = ChunkCache(self._ids_of, most_remembered=_MOST_REMEMBERED_IDS, separator=_END)

    def ids(self, texts: Sequence[str]) -> Ragged:
        """The ids of each text."""
        parts = []
        with self._lock:
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                parts.append(self._block(texts[start : start + _TEXTS_AT_ONCE]))
        if len(parts) == 1:
            return parts[0]
        lengths = [part.lengths for part in parts]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate([[], *lengths]), dtype=np.int64)])
        ids = [np.zeros(0, np.int64), *(part.ids for part in parts)]
        return Ragged(np.concatenate(ids), offsets)

    def _block(self, texts: Sequence[str]) -> Ragged:
        # All texts are joined and split at spaces once. Other whitespace stays within chunks.
        joined = f" {_END} ".join([*texts, ""])
        if self._any_whitespace:
            joined = joined.replace("\n", " ").replace("\t", " ").replace("\r", " ")
        numbers, (ids,) = self._cache.look_up(joined.split(" "))
        ends = np.flatnonzero(numbers == 0)
        if len(ends) != len(texts):
            raise VocabularyError(
                f"a text has the lone surrogate {_END!a}, which is not a character: read it as "
                "UTF-8"
            )
        values = ids.take(numbers)
        return Ragged(values.ids, values.offsets[np.concatenate([[0], ends])])

    def _ids_of(self, chunks: Sequence[str]) -> Columns:
        """The ids of new chunks; plain chunks do not need the tokenizer."""
        plain = self._are_plain(chunks)
        easy, hard = list(compress(chunks, plain)), list(compress(chunks, ~plain))
        ids = self._plain(easy)
        if hard:
            ids = ids.append(self._tokenized(hard))
        # The plain chunks came first.
        return (ids.take(np.argsort(np.argsort(~plain, kind="stable"))),)

    def _tokenized(self, chunks: list[str]) -> Ragged:
        """The ids that the tokenizer gives."""
        encodings = self._tokenizer.encode_batch_fast(chunks, add_special_tokens=False)
        return Ragged.of([encoding.ids for encoding in encodings])

    def _are_plain(self, chunks: Sequence[str]) -> Bool[ndarray, " chunks"]:
        """Which chunks are split into words as `_plain` does."""
        if not self._row_of:
            return np.zeros(len(chunks), bool)
        conditions = [str.isascii, str.isprintable]
        if self._ascii is None:
            conditions += [str.isalpha, str.islower]
        held = [np.fromiter(map(holds, chunks), bool, len(chunks)) for holds in conditions]
        plain: Bool[ndarray, " chunks"] = np.logical_and.reduce(held)
        return plain

    def _plain(self, chunks: Sequence[str]) -> Ragged:
        """The ids of plain chunks, all split at once."""
        lower = self._ascii or str
        words = _ASCII_WORDS.findall(lower(_BETWEEN.join(chunks)))
        ids = np.fromiter(map(self._row_of.get, words, repeat(self._unk)), np.int64, len(words))
        between = np.fromiter(map(_BETWEEN.__eq__, words), bool, len(words))
        ends = np.concatenate([np.flatnonzero(between), [len(words)]])[: len(chunks)]
        # Each separator before an end took up a position.
        offsets = np.concatenate([[0], ends - np.arange(len(ends))])
        return Ragged(ids[~between], offsets)


def can_look_up(tokenizer: Tokenizer) -> bool:
    """Whether the ids of a text are those of its chunks, one after the other."""
    if tokenizer.truncation or tokenizer.padding or tokenizer.pre_tokenizer is None:
        return False
    for token in tokenizer.get_added_tokens_decoder().values():
        if token.lstrip or token.rstrip or token.single_word or set(token.content) & _WHITESPACE:
            return False
    first = _first_step(tokenizer)
    at_whitespace = first["type"] in ("BertPreTokenizer", "WhitespaceSplit") or (
        first["type"] == "Split"
        and first["pattern"] == {"Regex": r"\s+"}
        and first["behavior"] == "Removed"
    )
    steps = _steps(tokenizer.normalizer, "normalizers")
    return at_whitespace and all(_is_local(step) for step in steps)


def _ascii_rule(tokenizer: Tokenizer) -> Callable[[str], str] | None:
    """How the tokenizer changes ASCII letters, if it then only splits off punctuation."""
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
        # Merging spaces leaves chunks as they are.
        return pattern == {"Regex": " {2,}"} or not set(pattern.get("String", " ")) & set(
            _WHITESPACE
        )
    return step["type"] in _LOCAL


def _steps(part: Any, name: str) -> list[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer, as in `tokenizer.json`."""
    if part is None:
        return []
    rule = json.loads(part.__getstate__())
    steps: list[dict[str, Any]] = rule.get(name, [rule])
    return steps
