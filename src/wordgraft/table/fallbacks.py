"""Before a method is asked: rows that a word without one of its own can borrow.

In this order; the first way that finds a row of the table is taken.

    case         the word in lower case, capitalised, or in capitals: `RAIN` -> `rain`
    possessive   without its `'s` or `'`, in any case: `company's` -> `company`
    url          `https://...`, `www...`, `x@y.z`: the mean of the table's addresses; else the row
                 of `url`, `link`, `website`, `http` or `https`
    name         `@bank`, `#bank`, `$bank`: the row behind the sign, in any case; for `@`, else the
                 mean of the table's @names
    number       words with digits: the mean of the rows of one shape (`2031` -> `0000`, `3.5%` ->
                 `0.0%`); else of one shape with runs of digits as one
    emoji        without skin colour and joiners; else the mean of the words of its Unicode name
    hyphenated   the mean of the rows of its parts, if all have one: `bank-river`

What a text's rule of segmentation cuts apart never comes here whole: BERT's splits at every sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

# Longer words are no variant of a word: they are left to the method.
LONGEST = 100
_POSSESSIVE = re.compile(r"(?<=\w)(['\u2019]s|(?<=s)['\u2019])$", re.IGNORECASE)
_URL = re.compile(r"(https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
_URL_WORDS = ("url", "link", "website", "http", "https")
_NAME = re.compile(r"([@#$])(\w+)")
_DIGIT = re.compile(r"\d")
_HYPHENS = re.compile(r"[-\u2010-\u2015/_]+")
# Joiner, variation selectors and skin colours: they change how an emoji looks.
_EMOJI_EXTRAS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_NAME_FILLERS = frozenset({"with", "of", "and", "the", "sign", "symbol"})


@dataclass(frozen=True)
class Borrowed:
    """The way, by its name above, and the rows whose mean stands for the word."""

    way: str
    rows: tuple[int, ...]


class Fallbacks:
    """The rows that words without one can borrow from a vocabulary's `rows` that hold a vector."""

    def __init__(self, vocabulary: Vocabulary, rows: Int64[ndarray, " rows"]) -> None:
        self._vocabulary = vocabulary
        self._rows = frozenset(rows.tolist())

    def find(self, word: str) -> Borrowed | None:
        """The first way that finds rows for `word`; None if none does, and for a blank word."""
        if not word.strip() or len(word) > LONGEST:
            return None
        for way in (
            self._case,
            self._possessive,
            self._url,
            self._name,
            self._number,
            self._emoji,
            self._hyphenated,
        ):
            if rows := way(word):
                return Borrowed(way.__name__.removeprefix("_"), rows)
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
        found = _NAME.fullmatch(word)
        if found is None:
            return ()
        if found[1] == "$" and found[2][0].isdigit():  # a price, not a ticker
            return ()
        rows = self._any_case(found[2])
        return rows or (self._shapes.get("@name", ()) if found[1] == "@" else ())

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
        said = " ".join(unicodedata.name(letter, "") for letter in plain).lower()
        names = (name for name in re.findall(r"[a-z]+", said) if name not in _NAME_FILLERS)
        return tuple(row for name in dict.fromkeys(names) if (row := self._row(name)) is not None)

    def _hyphenated(self, word: str) -> tuple[int, ...]:
        parts = [part for part in _HYPHENS.split(word) if part]
        if parts == [word] or not parts:
            return ()
        rows = [self._any_case(part) for part in parts]
        return tuple(row for found in rows for row in found) if all(rows) else ()

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The rows of each shape; of a number's, runs of digits as one are a shape of their own."""
        rows: dict[str, list[int]] = {}
        for row, word in enumerate(self._vocabulary.words):
            if row in self._rows:
                for shape in _shapes_of(word):
                    rows.setdefault(shape, []).append(row)
        return {shape: tuple(found) for shape, found in rows.items()}


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
