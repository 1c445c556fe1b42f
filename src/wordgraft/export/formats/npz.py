"""NumPy's own archive: `vectors`, `words` and `counts` by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from wordgraft.core.atomic_io import new_file
from wordgraft.errors import DataError
from wordgraft.export.formats.protocol import (
    PAD_WORDS,
    ROLES,
    UNK_WORDS,
    Format,
    RowCollector,
    WordVectors,
    check_finite,
)
from wordgraft.table import EmbeddingTable


def write_npz(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a `.npz` that `numpy.load` opens without pickles: float32 rows, with padding and unk.

    Returns 0, since no word is respelled. Raises `OutputError`.

    >>> write_npz(table, Path("vectors.npz"))
    0
    >>> np.load("vectors.npz")["words"][2:].tolist()
    ['sun', 'rain', 'moon']
    """
    with new_file(path, force=force) as scratch, scratch.open("wb") as file:
        np.savez(
            file,
            vectors=table.rows(),
            words=np.array(table.vocabulary.words),
            counts=table.vocabulary.counts,
        )
    return 0


def read_npz(path: Path, *, progress: bool = False) -> WordVectors:
    """Read `vectors`, `words` and, if present, `counts`. Raises `DataError`, also for pickles."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DataError(f"{path} cannot be read as .npz ({error})") from error
    if not {"vectors", "words"} <= arrays.keys():
        raise DataError(
            f"{path} has the arrays {', '.join(arrays) or 'none'}; expected vectors and words"
        )
    vectors, words = arrays["vectors"], arrays["words"].tolist()
    counts = arrays.get("counts")
    if (
        vectors.ndim != 2
        or arrays["words"].shape != vectors.shape[:1]
        or not np.issubdtype(vectors.dtype, np.floating)
        or (counts is not None and counts.shape != vectors.shape[:1])
    ):
        shapes = {name: f"{array.dtype} {array.shape}" for name, array in arrays.items()}
        raise DataError(
            f"{path}: expected one word and one count per row of numbers, found {shapes}"
        )
    vectors = vectors.astype(np.float32, copy=False)
    check_finite(path, words, vectors)
    roles = words[:1] and words[0] in PAD_WORDS and words[1:2] and words[1] in UNK_WORDS
    if roles and len(words) > ROLES and len(set(words)) == len(words):
        word_counts = None if counts is None else counts[ROLES:].astype(np.int64)
        return WordVectors(tuple(words[ROLES:]), vectors, unk=True, counts=word_counts)
    rows = RowCollector(len(words), vectors.shape[1])
    rows.add(words, vectors)
    if counts is None:
        return rows.done(path)
    places = {word: place for place, word in reversed(list(enumerate(words)))}
    word_counts = np.array([counts[places[word]] for word in rows.row_of], np.int64)
    return rows.done(path, counts=word_counts)


def _sniff(path: Path, head: bytes) -> bool:
    return head.startswith(b"PK") and path.suffix == ".npz"


NPZ = Format("npz", "NumPy archive", write_npz, read_npz, _sniff)
