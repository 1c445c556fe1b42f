"""Rows of a list of words, a row per entry in the order of the list, without rows of their own.

A table has rows for padding and unknown words, and each word once. A list that numbers the words of
somebody's network may repeat words and have blank lines: its rows must not move.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.atomic_io import new_file

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# Formats that need no tokenizer, and whether they begin with the numbers of rows and dims.
_HEADER = {"word2vec": True, "fasttext": True, "glove": False}
WORD_ROW_FORMATS = ("npz", *_HEADER)
_ROWS_AT_ONCE = 1024


def write_word_rows(
    words: Sequence[str],
    vectors: Float32[ndarray, "words dims"],
    path: Path,
    *,
    to: str,
    force: bool = False,
) -> int:
    """Write exactly these rows in one of `WORD_ROW_FORMATS`.

    Text formats separate by whitespace: within a word it becomes `_`, as does a word that is blank.
    Returns the number of words that are respelled in this way. Raises `OutputError`.

    >>> write_word_rows(["sun", "new york"], np.float32([[1], [2]]), Path("rows.txt"), to="glove")
    1
    >>> Path("rows.txt").read_text()
    'sun 1\\nnew_york 2\\n'
    """
    if to == "npz":
        with new_file(path, force=force) as scratch, scratch.open("wb") as file:
            np.savez(file, vectors=vectors, words=np.array(words, str))
        return 0
    plain = [re.sub(r"\s", "_", word) or "_" for word in words]
    with (
        new_file(path, force=force) as scratch,
        scratch.open("w", encoding="utf-8", newline="\n") as file,
    ):
        if _HEADER[to]:
            file.write(f"{len(words)} {vectors.shape[1]}\n")
        line = "%s" + " %.9g" * vectors.shape[1] + "\n"
        for start in range(0, len(words), _ROWS_AT_ONCE):
            names = plain[start : start + _ROWS_AT_ONCE]
            values = vectors[start : start + _ROWS_AT_ONCE].tolist()
            pairs = zip(names, values, strict=True)
            file.writelines(line % (name, *vector) for name, vector in pairs)
    return sum(new != word for new, word in zip(plain, words, strict=True))
