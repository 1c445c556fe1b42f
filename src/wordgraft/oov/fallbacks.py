"""Fallbacks: rows that an out-of-vocabulary word can borrow before a method is used.

The first of these rules that finds a row of the table applies.

    case         the word in lower case, capitalized, or in capitals: `RAIN` -> `rain`
    possessive   without its `'s` or `'`, in any case: `company's` -> `company`
    url          `https://...`, `www...`, `x@y.z`: the mean of the table's addresses; else the row
                 of `url`, `link`, `website`, `http` or `https`
    name         `@bank`, `#bank`, `$bank`: the row after the sign, in any case; for `@`, else the
                 mean of the table's @names
    number       words with digits: the mean of the rows of the same shape (`2031` -> `0000`,
                 `3.5%` -> `0.0%`); else of the same shape with each run of digits as one
    emoji        without skin color and joiners; else the mean of the words of its Unicode name
    hyphenated   the mean of the rows of its parts, if all have one: `bank-river`, `river bank`

Words that the tokenizer splits never arrive here whole: BERT's splits at every punctuation mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

# Longer words are not variants of a word: they are left to the method.
LONGEST = 100
_POSSESSIVE = re.compile(r"(?<=\w)(['\u2019]s|(?<=s)['\u2019])$", re.IGNORECASE)
_URL = re.compile(r"(https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
_URL_WORDS = ("url", "link", "website", "http", "https")
_NAME = re.compile(r"([@#$])(\w+)")
_DIGIT = re.compile(r"\d")
_HYPHENS = re.compile(r"[-\u2010-\u2015/_\s]+")
# Joiner, variation selectors and skin colors: they change how an emoji looks.
_EMOJI_EXTRAS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_NAME_FILLERS = frozenset({"with", "of", "and", "the", "sign", "symbol"})


@dataclass(frozen=True)
class Borrowed:
    """The name of the rule that applies, and the rows whose mean stands for the word."""

    rule: str
    rows: tuple[int, ...]


class Fallbacks:
    """Finds rows to borrow among those `rows` of a vocabulary that hold a vector.

    An exported model makes one without a table; everything else uses `fallbacks_of(table)`.
    """

    def __init__(self, vocabulary: Vocabulary, rows: Int64[ndarray, " rows"]) -> None:
        self._vocabulary = vocabulary
        self._rows = frozenset(rows.tolist())

    def find(self, word: str) -> Borrowed | None:
        """The first rule that finds rows for `word`; None if none does, or it is whitespace."""
        if not word.strip() or len(word) > LONGEST:
            return None
        for rule in (
            self._case,
            self._possessive,
            self._url,
            self._name,
            self._number,
            self._emoji,
            self._hyphenated,
        ):
            if rows := rule(word):
                return Borrowed(rule.__name__.removeprefix("_"), rows)
        return None

    def _row(self, word: str) -> int | None:
        row = self._vocabulary.row(word)
        return row if row in self._rows else None

    def _any_case(self, word: str) -> tuple[int, ...]:
        row = self._row(word)
        return self._case(word) if row is None else (row,)

    def _case(self, word: str) -> tuple[int, ...]:
        for variant in (word.lower(), word.capitalize(), word.upper()):
            if variant != word and (row := self._row(variant)) is not None:
                return (row,)
        return ()

    def _possessive(self, word: str) -> tuple[int, ...]:
        stem = _POSSESSIVE.sub("", word)
        return self._any_case(stem) if stem != word else ()

    def _url(self, word: str) -> tuple[int, ...]:
        if not _URL.fullmatch(word):
            return ()
        if urls := self._shapes.get("url"):
            return urls
        return next(((row,) for name in _URL_WORDS if (row := self._row(name)) is not None), ())

    def _name(self, word: str) -> tuple[int, ...]:
        match = _NAME.fullmatch(word)
        if match is None:
            return ()
        sign, name = match.groups()
        if sign == "$" and name[0].isdigit():  # a price, not a ticker
            return ()
        rows = self._any_case(name)
        return rows or (self._shapes.get("@name", ()) if sign == "@" else ())

    def _number(self, word: str) -> tuple[int, ...]:
        if not _DIGIT.search(word):
            return ()
        return self._shapes.get(_shape(word)) or self._shapes.get(_runs(word), ())

    def _emoji(self, word: str) -> tuple[int, ...]:
        if not any(unicodedata.category(letter) == "So" for letter in word):
            return ()
        plain = _EMOJI_EXTRAS.sub("", word)
        row = self._row(plain) if plain != word else None
        if row is not None:
            return (row,)
        unicode_names = " ".join(unicodedata.name(letter, "") for letter in plain).lower()
        names = (name for name in re.findall(r"[a-z]+", unicode_names) if name not in _NAME_FILLERS)
        return tuple(row for name in dict.fromkeys(names) if (row := self._row(name)) is not None)

    def _hyphenated(self, word: str) -> tuple[int, ...]:
        parts = [part for part in _HYPHENS.split(word) if part]
        if parts == [word] or not parts:
            return ()
        rows = [self._any_case(part) for part in parts]
        return tuple(row for part_rows in rows for row in part_rows) if all(rows) else ()

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The rows of each shape; a number also has a shape with each run of digits as one."""
        rows: dict[str, list[int]] = {}
        for row, word in enumerate(self._vocabulary.words):
            if row in self._rows:
                for shape in _shapes_of(word):
                    rows.setdefault(shape, []).append(row)
        return {shape: tuple(shape_rows) for shape, shape_rows in rows.items()}


def fallbacks_of(table: EmbeddingTable) -> Fallbacks:
    """The fallbacks of a table's words.

    >>> fallbacks_of(table).find("sun-moon")
    Borrowed(rule='hyphenated', rows=(2, 4))
    """
    return Fallbacks(table.vocabulary, table.word_rows)


def _shapes_of(word: str) -> Iterator[str]:
    if len(word) > LONGEST:
        return
    if _URL.fullmatch(word):
        yield "url"
    elif word[:1] == "@" and _NAME.fullmatch(word):
        yield "@name"
    elif _DIGIT.search(word):
        yield _shape(word)
        if _runs(word) != _shape(word):
            yield _runs(word)


def _shape(word: str) -> str:
    return _DIGIT.sub("0", word.lower())


def _runs(word: str) -> str:
    return re.sub(r"\d+([.,]\d+)*", "0*", word.lower())
