"""The interface of every format, and the word vectors that its reader returns."""

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

# How files spell padding and out-of-vocabulary words, the usual spelling first.
PAD_WORDS = ("[PAD]", "<pad>", "<PAD>")
UNK_WORDS = ("[UNK]", "<unk>", "<UNK>")
# The first rows of what is read are for padding and out-of-vocabulary words.
ROLES = 2
# The file that shows that wordgraft wrote a folder and may replace it; it has the table's recipe.
MARKER = "wordgraft.json"


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors, as a file holds them.

    Attributes:
        words: unique, in the order of the file; without padding and unk, unless there is a
            `tokenizer`.
        vectors: float32. Rows 0 and 1 are reserved for padding and OOV words, and word `i` has
            row `i + 2`, so that the array becomes a table's without a copy. With a `tokenizer`, row
            `i` belongs to its id `i`.
        unk: whether row 1 is a vector for out-of-vocabulary words from the file.
        counts: occurrences of each word; None if the file has none.
        tokenizer: how text becomes ids, if the format says so.
        repeated: the number of lines left out because their word came before.
        recipe: how the vectors were made, if the file says so.
    """

    words: Sequence[str]
    vectors: Float32[ndarray, "rows dims"]
    unk: bool = False
    counts: Int64[ndarray, " words"] | None = None
    tokenizer: PieceTokenizer | None = None
    repeated: int = 0
    recipe: Mapping[str, Any] = field(default_factory=dict)


class WriteFormat(Protocol):
    """Write a table. Returns how many words are respelled in the file or left out of it.

    Raises `OutputError` if `path` exists (unless `force`) or cannot be written.
    """

    def __call__(
        self, table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
    ) -> int: ...


class ReadFormat(Protocol):
    """Read a file or folder. Raises a `DataError` that says what is wrong and in which line."""

    def __call__(self, path: Path, *, progress: bool = False) -> WordVectors: ...


@dataclass(frozen=True)
class Format:
    """One kind of file that other tools read and write.

    Attributes:
        name: as in `wordgraft export --to NAME`.
        about: a short description.
        write: None for a format that is only read.
        read: None for a format that is only written.
        sniff: recognizes a path of this format from its name and its first bytes, decompressed
            (none for a folder); None if that is impossible.
        folder: whether it is a folder rather than a file.
        pickled: whether reading unpickles, which can run any code.
    """

    name: str
    about: str
    write: WriteFormat | None
    read: ReadFormat | None
    sniff: Callable[[Path, bytes], bool] | None = None
    folder: bool = False
    pickled: bool = False


class RowCollector:
    """Collects the words and vectors of a file, block by block; the first of equal words is used.

    The array has the size that the file declares, and is filled in place.
    """

    def __init__(self, words: int, dims: int) -> None:
        try:
            self.vectors = np.empty((words + ROLES, dims), np.float32)
        except (MemoryError, ValueError) as error:
            raise DataError(
                f"the file declares {words:,} words of {dims:,} numbers, which do not fit in "
                "memory; correct its first line, or use a machine with more memory"
            ) from error
        self.vectors[:ROLES] = 0
        self.row_of: dict[str, int] = {}
        self.unk = False
        self.repeated = 0

    def add(self, words: Sequence[str], vectors: Float32[ndarray, "words dims"]) -> None:
        """Add the next words of the file."""
        start = len(self.row_of) + ROLES
        before = len(self.row_of)
        special = [word for word in words if word in PAD_WORDS or word in UNK_WORDS]
        if not special:
            for row, word in enumerate(words, start):
                self.row_of.setdefault(word, row)
            if len(self.row_of) == before + len(words):
                self.vectors[start : start + len(words)] = vectors
                return
            # Some words are repeated: the others move up.
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
        """The word vectors that were added. Raises `DataError` if there are none."""
        if not self.row_of:
            raise DataError(f"{path} has no words; expected words and their vectors")
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
    """Raise a `DataError` that names the first word (counted from `first`) with NaN or infinity."""
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        place = int(np.flatnonzero(~finite)[0])
        raise DataError(
            f"{path}: the vector of {words[place]!r} (word {first + place:,}) has NaN or an "
            "infinite value; remove that word, or create the file again"
        )
