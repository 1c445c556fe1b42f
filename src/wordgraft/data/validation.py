"""Texts and labels as a task takes them, or one error that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.data.tag_schemes import to_iob2
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from numpy import ndarray


def checked_texts(texts: Iterable[str], name: str = "X") -> list[str]:
    """The texts as a list. Raises `DataError` for none at all, and for one that is no string."""
    if isinstance(texts, str):
        raise DataError(f"{name} is one string, expected an iterable of texts: wrap it in a list")
    if getattr(texts, "ndim", 1) != 1:
        raise DataError(
            f"{name} has {texts.ndim} dimensions, expected one text each: "  # type: ignore[attr-defined]
            "choose the text column, as in frame['text']"
        )
    found = list(texts)
    if not found:
        raise DataError(f"{name} holds no texts; expected at least one")
    _refuse_missing(found, "texts" if name == "X" else f"texts of {name}")
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise DataError(
                f"text {place} is {text!r:.40}, a {type(text).__name__}; expected a str"
            )
    return found


def checked_labels(labels: Iterable[Any]) -> ndarray:
    """The labels as an array of strings, whole numbers or booleans.

    Raises `DataError` when one is missing or is none of these.
    """
    if isinstance(labels, str) or getattr(labels, "ndim", 1) != 1:
        raise DataError("y must be one label a text: a list or a one-dimensional array")
    found = list(labels)
    _refuse_missing(found, "labels")
    for place, label in enumerate(found):
        if not isinstance(label, str | int | float | np.number | np.bool_):
            raise DataError(
                f"label {place} is {label!r:.40}, a {type(label).__name__}; expected a string or a "
                "whole number"
            )
    kinds = {str if isinstance(label, str) else float for label in found}
    if len(kinds) > 1:
        raise DataError("labels mix strings and numbers; write them all one way")
    array = np.array(found)
    if array.dtype.kind == "f" and (array % 1).any():
        raise DataError(
            f"labels are fractions such as {array[array % 1 != 0][0]:g}; expected classes: strings "
            "or whole numbers"
        )
    return array


def _refuse_missing(values: list[Any], what: str) -> None:
    missing = [place for place, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise DataError(
            f"{len(missing):,} of {len(values):,} {what} are missing (the first at place "
            f"{missing[0]:,}); leave these rows out"
        )


def _is_missing(value: object) -> bool:
    # NaN is the one number unlike itself. pandas, not imported here, writes missing in two more
    # ways, which compare to nothing.
    if isinstance(value, float | np.floating):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def checked_sentences(
    sentences: Iterable[Sequence[str]], *, empty: bool = False
) -> list[list[str]]:
    """The sentences as lists of words; some may be empty, but not all of them, unless `empty`.

    Raises `DataError` for none at all, for one that is a string, and for a word that is none.
    """
    if isinstance(sentences, str):
        raise DataError("X is one string, expected sentences, each a list of words")
    found = []
    for place, words in enumerate(sentences):
        if isinstance(words, str) or not isinstance(words, Iterable):
            raise DataError(
                f"sentence {place} is {words!r:.40}, expected a list of words: cut it first"
            )
        found.append(list(words))
        for word in found[-1]:
            if not isinstance(word, str):
                raise DataError(
                    f"sentence {place} holds {word!r:.40}, a {type(word).__name__}; expected words"
                )
    if not found or not (empty or any(found)):
        raise DataError("X holds no words; expected at least one sentence")
    return found


def checked_tags(tags: Iterable[Sequence[str]]) -> list[list[str]]:
    """The tags of sentences in IOB2. Raises `DataError` for what is no tag, or missing."""
    if isinstance(tags, str):
        raise DataError("y is one string, expected a list of tags for each sentence")
    found = []
    for place, names in enumerate(tags):
        listed = list(names)
        for name in listed:
            if _is_missing(name) or not isinstance(name, str):
                raise DataError(
                    f"sentence {place} holds the tag {name!r:.40}, expected one such as O or B-PER"
                )
        try:
            found.append(to_iob2(listed))
        except DataError as error:
            raise DataError(f"sentence {place}: {error}") from error
    return found
