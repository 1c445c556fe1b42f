"""Texts to rows: known words get their ids, unknown ones a row of their own behind the table's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged
from wordgraft.oov.protocol import OovMethod
from wordgraft.table import EmbeddingTable
from wordgraft.table.coverage import said_of
from wordgraft.vocabulary.segmentation import normalize

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class Answers:
    """A vector for each word without a row, and the way it was found.

    Attributes:
        vectors: float32 (words, dims).
        ways: the fall-back's name, or the method's.
    """

    vectors: Float32[ndarray, "words dims"]
    ways: tuple[str, ...]


@dataclass(frozen=True)
class TextRows:
    """Texts as row ids. Id `len(table) + i` stands for the unknown word `words[i]`.

    Attributes:
        ids: the row ids of each text's words.
        words: the different words without a row, in the order of their ids.
        vectors: float32 (unknown words, dims): what they get.
        unknown_tokens: how many running words had no row.
        ways: per word, the fall-back or the method that its vector is by.
        borrowed: running words by the fall-back that found rows for them.
    """

    ids: Ragged
    words: tuple[str, ...]
    vectors: Float32[ndarray, "unknown dims"]
    unknown_tokens: int
    ways: tuple[str, ...] = ()
    borrowed: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.unknown_tokens:,} of {len(self.ids.ids):,} running words "
            f"({len(self.words):,} different ones) have no row" + said_of(self.borrowed)
        )

    def alone(self, table: EmbeddingTable) -> tuple[Ragged, Float32[ndarray, "used dims"]]:
        """These texts' rows and no others: ids numbered anew, and their vectors, padding first."""
        used = np.union1d(self.ids.ids, [0])
        known = int(np.searchsorted(used, len(table)))
        unknown = self.vectors[used[known:] - len(table)]
        vectors = np.concatenate([table.rows(used[:known]), unknown])
        return Ragged(np.searchsorted(used, self.ids.ids), self.ids.offsets), vectors


def answers(table: EmbeddingTable, words: Sequence[str], method: OovMethod) -> Answers:
    """Ask the fall-backs of `wordgraft.table.fallbacks` for each word, then `method`."""
    vectors = np.empty((len(words), table.dims), np.float32)
    ways = [method.name] * len(words)
    left = []
    for place, word in enumerate(words):
        borrowed = table.fallbacks.find(word) if table.vocabulary.kind == "words" else None
        if borrowed is None:
            left.append(place)
            continue
        # As they stand, short where SIF made them so: `The` is as frequent as `the`.
        vectors[place] = table.rows(list(borrowed.rows)).mean(axis=0)
        ways[place] = borrowed.way
    if left:
        vectors[left] = method.vectors([words[place] for place in left])
    return Answers(vectors, tuple(ways))


def vectors_of(
    table: EmbeddingTable, words: Sequence[str], method: OovMethod
) -> Float32[ndarray, "words dims"]:
    """A vector for each word, known or not."""
    rows = [table.vocabulary.row(word) for word in words]
    unknown = [place for place, row in enumerate(rows) if row is None]
    vectors = table.rows([row or 0 for row in rows])
    if unknown:
        vectors = np.array(vectors)
        vectors[unknown] = answers(table, [words[place] for place in unknown], method).vectors
    return vectors


def read_rows_of(table: EmbeddingTable, texts: Sequence[str], method: OovMethod) -> TextRows:
    """Cut `texts` into words and find each one's row; those without get what `answers` gives."""
    ids = table.vocabulary.ids(texts)
    found = table.vocabulary.unknown(texts, ids)
    words = dict.fromkeys(word for _, word in found)
    number = {word: len(table) + i for i, word in enumerate(words)}
    if found:
        flat = ids.ids.copy()
        flat[[place for place, _ in found]] = [number[word] for _, word in found]
        ids = Ragged(flat, ids.offsets)
    known = answers(table, tuple(words), method)
    way = dict(zip(words, known.ways, strict=True))
    borrowed = Counter(way[word] for _, word in found)
    del borrowed[method.name]
    return TextRows(ids, tuple(words), known.vectors, len(found), known.ways, borrowed)


def read_words_of(
    table: EmbeddingTable, sentences: Sequence[Sequence[str]], method: OovMethod
) -> TextRows:
    """As `read_rows_of`, for texts that are cut into words already: one id a word, none dropped.

    A word is looked up as it stands, then as the table's rule would write it.
    """
    rule = table.vocabulary.tokenizer
    words: dict[str, int] = {}
    id_of: dict[str, int] = {}
    unknown_tokens = 0
    flat = []
    for word in (word for sentence in sentences for word in sentence):
        if word not in id_of:
            row = table.vocabulary.row(word)
            if row is None:
                spelt = normalize(rule, word).strip() or word
                row = words.setdefault(spelt, len(table) + len(words))
            id_of[word] = row
        unknown_tokens += id_of[word] >= len(table)
        flat.append(id_of[word])
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sentences], dtype=np.int64)])
    ids = Ragged(np.array(flat, np.int64), offsets)
    known = answers(table, tuple(words), method)
    way = dict(zip(words.values(), known.ways, strict=True))
    borrowed = Counter(way[number] for number in flat if number >= len(table))
    del borrowed[method.name]
    return TextRows(ids, tuple(words), known.vectors, unknown_tokens, known.ways, borrowed)
