"""Checks of the texts, labels, sentences and tags that a user passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.data.tag_schemes import to_iob2
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from numpy import ndarray


def checked_texts(texts: Iterable[str], name: str = "X") -> list[str]:
    """The texts as a list. Raises `DataError` if there are none, or one is not a string."""
    if isinstance(texts, str):
        raise DataError(f"{name} is one string, expected an iterable of texts: wrap it in a list")
    if getattr(texts, "ndim", 1) != 1:
        raise DataError(
            f"{name} has {texts.ndim} dimensions, expected one text per row: "  # type: ignore[attr-defined]
            "choose the text column, as in frame['text']"
        )
    checked = list(texts)
    if not checked:
        raise DataError(f"{name} holds no texts; expected at least one")
    _refuse_missing(checked, "texts" if name == "X" else f"texts of {name}")
    for place, text in enumerate(checked):
        if not isinstance(text, str):
            raise DataError(
                f"text {place} is {text!r:.40}, a {type(text).__name__}; expected a str"
            )
    return checked


def checked_labels(labels: Iterable[Any]) -> ndarray:
    """The labels as an array of strings, whole numbers or booleans.

    Raises `DataError` if a label is missing or of another type.
    """
    if isinstance(labels, str) or getattr(labels, "ndim", 1) != 1:
        raise DataError("y must hold one label per text: a list or a one-dimensional array")
    checked = list(labels)
    _refuse_missing(checked, "labels")
    for place, label in enumerate(checked):
        if not isinstance(label, str | int | float | np.number | np.bool_):
            raise DataError(
                f"label {place} is {label!r:.40}, a {type(label).__name__}; expected a string or a "
                "whole number"
            )
    kinds = {str if isinstance(label, str) else float for label in checked}
    if len(kinds) > 1:
        raise DataError("labels mix strings and numbers; use only one of the two")
    array = np.array(checked)
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
            f"{len(missing):,} of {len(values):,} {what} are missing (the first at index "
            f"{missing[0]:,}); leave these rows out"
        )


def _is_missing(value: object) -> bool:
    # NaN is the only number that differs from itself. pandas, which is not imported here, has two
    # more kinds of missing values, which cannot be compared.
    if isinstance(value, float | np.floating):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def checked_sentences(
    sentences: Iterable[Sequence[str]], *, empty: bool = False
) -> list[list[str]]:
    """The sentences as lists of words; some may be empty, or all of them if `empty`.

    Raises `DataError` if there are no words, a sentence is a string, or a word is not a string.
    """
    if isinstance(sentences, str):
        raise DataError("X is one string, expected sentences, each a list of words")
    checked = []
    for place, words in enumerate(sentences):
        if isinstance(words, str) or not isinstance(words, Iterable):
            raise DataError(
                f"sentence {place} is {words!r:.40}, expected a list of words: split it first"
            )
        checked.append(list(words))
        for word in checked[-1]:
            if not isinstance(word, str):
                raise DataError(
                    f"sentence {place} holds {word!r:.40}, a {type(word).__name__}; expected words"
                )
    if not checked or not (empty or any(checked)):
        raise DataError("X holds no words; expected at least one sentence")
    return checked


def checked_tags(tags: Iterable[Sequence[str]]) -> list[list[str]]:
    """The tags of sentences in IOB2. Raises `DataError` if one is missing or not a tag."""
    if isinstance(tags, str):
        raise DataError("y is one string, expected a list of tags for each sentence")
    checked = []
    for place, sentence_tags in enumerate(tags):
        names = list(sentence_tags)
        for name in names:
            if _is_missing(name) or not isinstance(name, str):
                raise DataError(
                    f"sentence {place} holds the tag {name!r:.40}, expected one such as O or B-PER"
                )
        try:
            checked.append(to_iob2(names))
        except DataError as error:
            raise DataError(f"sentence {place}: {error}") from error
    return checked
