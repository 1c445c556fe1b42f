"""What every format offers, and what its reader hands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from wordgraft.errors import DataError
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

    from wordgraft.checkpoint.tokenizer import PieceTokenizer

# How files spell the two words that are none, the usual spelling first.
PAD_WORDS = ("[PAD]", "<pad>", "<PAD>")
UNK_WORDS = ("[UNK]", "<unk>", "<UNK>")
# Rows 0 and 1 of what is read: padding and unknown words.
ROLES = 2
# The file that shows wordgraft wrote a folder, and may replace it; it holds the table's recipe.
MARKER = "wordgraft.json"


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors, as a file holds them.

    Attributes:
        words: unique, in the order of the file; neither padding nor unk among them, unless
            `tokenizer` is given.
        vectors: float32. Rows 0 and 1 are room for padding and unknown words, and word `i` has row
            `i + 2`; so the rows need no copy to become a table's. With a `tokenizer`, row `i` is
            that of its id `i`.
        unk: whether the file has a vector for unknown words, which then is row 1.
        counts: occurrences by word, None where the file says nothing.
        tokenizer: how text becomes ids, where the format says so.
        repeated: lines left out since their word came before.
        recipe: how the vectors were made, where the file tells.
    """

    words: Sequence[str]
    vectors: Float32[ndarray, "rows dims"]
    unk: bool = False
    counts: Int64[ndarray, " words"] | None = None
    tokenizer: PieceTokenizer | None = None
    repeated: int = 0
    recipe: Mapping[str, Any] = field(default_factory=dict)


class Write(Protocol):
    """Write a table; how many words are spelt otherwise in the file, or left out of it.

    Raises `OutputError` when `path` exists (unless `force`) or cannot be written.
    """

    def __call__(
        self, table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
    ) -> int: ...


class Read(Protocol):
    """Read a file or folder. Raises `DataError` saying what is wrong in which line."""

    def __call__(self, path: Path, *, progress: bool = False) -> WordVectors: ...


@dataclass(frozen=True)
class Format:
    """One kind of file that other tools read and write.

    Attributes:
        name: as in `wordgraft export --to NAME`.
        about: what it is, in a few words.
        write: None where it is read only.
        read: None where it is written only.
        sniff: whether a path (a file whose first bytes, unpacked, are `head`; or a folder, for
            which `head` is empty) is of this kind; None where that cannot be told.
        folder: whether it is a folder rather than a file.
        pickled: whether reading unpickles, which could run code.
    """

    name: str
    about: str
    write: Write | None
    read: Read | None
    sniff: Callable[[Path, bytes], bool] | None = None
    folder: bool = False
    pickled: bool = False


class Rows:
    """Takes the words and vectors of a file in turn; the first of equal words is kept.

    The array is as large as the file says it must be, and is filled in place.
    """

    def __init__(self, words: int, dims: int) -> None:
        try:
            self.vectors = np.empty((words + ROLES, dims), np.float32)
        except (MemoryError, ValueError) as error:
            raise DataError(
                f"{words:,} words of {dims:,} numbers are announced, which do not fit in memory; "
                "the file's first line is wrong, or take a machine with more"
            ) from error
        self.vectors[:ROLES] = 0
        self.row_of: dict[str, int] = {}
        self.unk = False
        self.repeated = 0

    def add(self, words: Sequence[str], vectors: Float32[ndarray, "words dims"]) -> None:
        """Take the next words of the file."""
        start = len(self.row_of) + ROLES
        before = len(self.row_of)
        special = [word for word in words if word in PAD_WORDS or word in UNK_WORDS]
        if not special:
            for row, word in enumerate(words, start):
                self.row_of.setdefault(word, row)
            if len(self.row_of) == before + len(words):
                self.vectors[start : start + len(words)] = vectors
                return
            # Some were there before: their rows are closed up.
            for word in words:
                if self.row_of.get(word, 0) >= start:
                    del self.row_of[word]
        for word, vector in zip(words, vectors, strict=True):
            if word in PAD_WORDS:
                continue
            if word in UNK_WORDS:
                self.vectors[1] = vector
                self.unk = True
            elif word in self.row_of:
                self.repeated += 1
            else:
                row = self.row_of[word] = len(self.row_of) + ROLES
                self.vectors[row] = vector

    def done(self, path: Path, **fields: Any) -> WordVectors:
        """What was read. Raises `DataError` when there was no word."""
        if not self.row_of:
            raise DataError(f"{path} holds no words; expected a word and its vector")
        words = tuple(self.row_of)
        return WordVectors(
            words,
            self.vectors[: len(words) + ROLES],
            unk=self.unk,
            repeated=self.repeated,
            **fields,
        )


def check_finite(
    path: Path, words: Sequence[str], vectors: Float32[ndarray, "words dims"], first: int = 1
) -> None:
    """Raise `DataError` naming the first word, counted from `first`, with NaN or infinity."""
    good = np.isfinite(vectors).all(axis=1)
    if not good.all():
        place = int(np.flatnonzero(~good)[0])
        raise DataError(
            f"{path}: the vector of {words[place]!r} (word {first + place:,}) holds NaN or an "
            "infinite value; leave that word out, or make the file again"
        )
