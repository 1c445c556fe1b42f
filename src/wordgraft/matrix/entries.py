"""`Entries`: the caller's vocabulary, in whatever form it comes: its entries and their ids."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.errors import VocabularyError
from wordgraft.matrix.piece_spelling import PieceSpelling

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

_EXPECTED = (
    "expected a mapping from word to id, a sequence of words, a Keras TextVectorization or "
    "StringLookup, a tokenizer, a fitted CountVectorizer, or an object with `key_to_index`, "
    "`get_stoi()` or `stoi`"
)


@dataclass(frozen=True, eq=False)
class Entries:
    """Words and the ids that the caller's network has for them.

    Attributes:
        words: the entries as the caller spells them.
        ids: the id of each entry; every id occurs once.
        spelling: how to read the entries if they are the pieces of a tokenizer; None for words.
    """

    words: tuple[str, ...]
    ids: Int64[ndarray, " words"]
    spelling: PieceSpelling | None = None

    @property
    def rows(self) -> int:
        """The largest id plus 1."""
        return int(self.ids.max()) + 1

    @classmethod
    def of(cls, vocabulary: Any) -> Entries:
        """Read a vocabulary of any supported kind.

        >>> Entries.of({"sun": 3, "<pad>": 0}).rows
        4
        >>> Entries.of(["<pad>", "sun"]).ids
        array([0, 1])

        Raises `VocabularyError` for other objects, an empty vocabulary, words that are not strings,
        and ids that are negative, repeated or not whole numbers.
        """
        if isinstance(vocabulary, Entries):
            return vocabulary
        tokenizer = _tokenizer_in(vocabulary)
        if tokenizer is not None:
            vocab = tokenizer.get_vocab(with_added_tokens=True)
            by_id = dict(sorted(vocab.items(), key=lambda pair: pair[1]))
            return cls._of_ids(by_id, PieceSpelling.of(tokenizer))
        found = _contents(vocabulary)
        if isinstance(found, Mapping):
            return cls._of_ids(found)
        words = tuple(_word(word, f"entry {place:,}") for place, word in enumerate(found))
        _check_not_empty(words)
        return cls(words, np.arange(len(words)))

    @classmethod
    def _of_ids(cls, id_of: Mapping[Any, Any], spelling: PieceSpelling | None = None) -> Entries:
        words = tuple(_word(word, "a key") for word in id_of)
        _check_not_empty(words)
        ids = [_id(word, id) for word, id in zip(words, id_of.values(), strict=True)]
        unique, counts = np.unique(ids, return_counts=True)
        if (counts > 1).any():
            repeated = int(unique[counts > 1][0])
            same = [word for word, id in zip(words, ids, strict=True) if id == repeated]
            raise VocabularyError(
                f"id {repeated:,} belongs to {same[0]!r} and to {same[1]!r}; a row holds the "
                "vector of one word: give each word an id of its own"
            )
        return cls(words, np.array(ids, np.int64), spelling)


def _tokenizer_in(vocabulary: Any) -> Tokenizer | None:
    """The tokenizer of the library `tokenizers` that an object is or holds."""
    if isinstance(vocabulary, Tokenizer):
        return vocabulary
    backend = getattr(vocabulary, "backend_tokenizer", None)
    if isinstance(backend, Tokenizer):
        return backend
    if callable(getattr(vocabulary, "convert_ids_to_tokens", None)):
        raise VocabularyError(
            f"a {type(vocabulary).__name__} has no `backend_tokenizer`: load the fast tokenizer "
            "(AutoTokenizer.from_pretrained), or pass tokenizer.get_vocab() to take its pieces for "
            "words"
        )
    return None


def _contents(vocabulary: Any) -> Mapping[Any, Any] | Iterable[Any]:
    """The mapping from word to id, or the words in the order of their ids."""
    if isinstance(vocabulary, str | bytes):
        raise VocabularyError(
            f"the vocabulary is one string ({vocabulary!r:.40}); {_EXPECTED}; read a file of words "
            "into a list first"
        )
    if isinstance(vocabulary, Mapping):
        return vocabulary
    kind = type(vocabulary).__name__
    for name in ("key_to_index", "vocabulary_", "stoi"):
        if isinstance(mapping := getattr(vocabulary, name, None), Mapping):
            return mapping
    if callable(get_stoi := getattr(vocabulary, "get_stoi", None)):
        return dict(get_stoi())
    if callable(get_vocabulary := getattr(vocabulary, "get_vocabulary", None)):
        return list(get_vocabulary())
    if callable(getattr(vocabulary, "get_feature_names_out", None)):
        raise VocabularyError(f"this {kind} has no words yet: call its fit first")
    if isinstance(vocabulary, Iterable):
        return vocabulary
    raise VocabularyError(f"the vocabulary is a {kind}; {_EXPECTED}")


def _word(word: Any, where: str) -> str:
    if not isinstance(word, str):
        raise VocabularyError(
            f"{where} of the vocabulary is a {type(word).__name__} ({word!r:.40}), expected a "
            "string; a mapping goes from word to id, not the other way round"
        )
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise VocabularyError(
            f"{where} of the vocabulary holds half a surrogate pair ({word!a:.60}), which is not a "
            "character: read the words as UTF-8"
        ) from error
    return str(word)


def _id(word: str, id: Any) -> int:
    try:
        number = operator.index(id)
    except TypeError:
        number = None
    if number is None or isinstance(id, bool | np.bool_):
        raise VocabularyError(
            f"the id of {word!r} is {id!r:.40}, a {type(id).__name__}; expected a whole number"
        )
    if number < 0:
        raise VocabularyError(
            f"the id of {word!r} is {number}; ids number the rows of a matrix, from 0"
        )
    return int(number)


def _check_not_empty(words: tuple[str, ...]) -> None:
    if not words:
        raise VocabularyError(f"the vocabulary is empty; {_EXPECTED}")
