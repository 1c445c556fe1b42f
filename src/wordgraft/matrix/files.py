"""A vocabulary read from a file, and an embedding matrix written to one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from wordgraft.core.atomic_io import new_file, write_tensors
from wordgraft.errors import OutputError, VocabularyError

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# By suffix, what the file holds.
MATRIX_FILES = {
    ".npy": "the rows, as numpy.load opens them",
    ".npz": "the rows as `vectors`",
    ".safetensors": "the rows as the tensor `weight`",
}


def read_vocabulary(path: str | Path) -> Any:
    """A vocabulary that `embedding_matrix` takes.

    From a `.json` file: an object from word to id, a list of words, or a `tokenizer.json`. From any
    other: a word per line, numbered from 0; blank lines keep their number. Raises
    `VocabularyError` for a file that is missing, not UTF-8 or not JSON.

    >>> _ = Path("words.txt").write_text("<pad>\\nsun\\n")
    >>> read_vocabulary("words.txt")
    ['<pad>', 'sun']
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except IsADirectoryError as error:
        raise VocabularyError(f"{path} is a folder; expected a file of words") from error
    except FileNotFoundError as error:
        raise VocabularyError(f"there is no file {path}") from error
    except UnicodeDecodeError as error:
        raise VocabularyError(
            f"{path} is not UTF-8 (byte {error.start:,}); convert it, for example with iconv"
        ) from error
    if path.suffix.lower() != ".json":
        return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VocabularyError(f"{path} is not JSON that can be read ({error})") from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        try:
            return Tokenizer.from_str(text)
        # Not narrower: for whatever is wrong with the file, tokenizers raises Exception itself.
        except Exception as error:
            raise VocabularyError(
                f"{path} is not a tokenizer that can be read ({error})"
            ) from error
    if not isinstance(content, dict | list):
        raise VocabularyError(
            f"{path} holds a {type(content).__name__}; expected an object from word to id, a list "
            "of words, or a tokenizer"
        )
    return content


def write_matrix(
    vectors: Float32[ndarray, "rows dims"], path: str | Path, *, force: bool = False
) -> None:
    """Write rows to a `.npy`, `.npz` or `.safetensors` file, whole or not at all.

    Raises `OutputError` for another suffix, a file that exists (unless `force`), and a disk that is
    full.
    """
    path = Path(path)
    check_suffix(path)
    with new_file(path, force=force) as scratch:
        if path.suffix == ".safetensors":
            write_tensors(scratch, {"weight": vectors})
            return
        with scratch.open("wb") as file:
            if path.suffix == ".npy":
                np.save(file, vectors, allow_pickle=False)
            else:
                np.savez(file, vectors=vectors)


def check_suffix(path: Path) -> None:
    """Raise `OutputError` for a name that says no kind of file that `write_matrix` writes."""
    if path.suffix not in MATRIX_FILES:
        raise OutputError(
            f"{path}: the name must end in {', '.join(MATRIX_FILES)}, which sets what is written"
        )
