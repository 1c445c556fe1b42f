"""A spaCy pipeline folder whose `nlp.vocab.vectors` are the table's."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from wordgraft.core.atomic_io import new_folder
from wordgraft.core.optional import require
from wordgraft.errors import DataError
from wordgraft.export.formats.folders import read_recipe, write_recipe
from wordgraft.export.formats.protocol import (
    MARKER,
    Format,
    RowCollector,
    WordVectors,
    check_finite,
)
from wordgraft.table import EmbeddingTable

# spaCy splits text into words by its own rules; the multi-language "xx" has the fewest.
_LANGUAGE = "xx"


def write_spacy(
    table: EmbeddingTable,
    path: Path,
    *,
    force: bool = False,
    progress: bool = False,
    language: str = _LANGUAGE,
) -> int:
    """Write a blank pipeline of `language` that `spacy.load` opens, with the rows as its vectors.

    Rows are float32. Padding and unk are left out, since spaCy gives zeros for OOV words. spaCy
    looks words up as they are in the text, so give it lowercased text if the table's words are
    lowercased (spaCy's own option `attr` is lost when a pipeline is saved). Returns 0.

    Raises `MissingExtraError` without spaCy, and `OutputError`.
    """
    spacy = require("spacy", purpose="a spaCy pipeline")
    vectors = require("spacy.vectors", purpose="a spaCy pipeline")
    rows = np.array(
        [row for row in range(len(table)) if row not in table.vocabulary.roles.values()], np.int64
    )
    words = [table.vocabulary.words[row] for row in rows]
    nlp = spacy.blank(language)
    for word in words:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = vectors.Vectors(
        strings=nlp.vocab.strings,
        data=table.rows(rows),
        keys=words,
        name="wordgraft",
    )
    with new_folder(path, force=force, marker=MARKER) as folder:
        nlp.to_disk(folder)
        write_recipe(table, folder)
    return 0


def read_spacy(path: Path, *, progress: bool = False) -> WordVectors:
    """Read the vectors of a pipeline folder; the pipeline itself is not loaded.

    Raises `DataError`, and `MissingExtraError` without spaCy.
    """
    vocab_of = require("spacy.vocab", purpose=f"reading {path}").Vocab
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about lookups that are in a package of their own
            vocab = vocab_of().from_disk(path / "vocab", exclude=["lookups"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} cannot be read by spaCy ({error})") from error
    vectors = vocab.vectors
    if vectors.mode != "default" or not vectors.n_keys:
        raise DataError(
            f"{path} has no word vectors (vectors: {vectors.mode}, {vectors.n_keys:,} words); use "
            "a pipeline with vectors, such as a 'md' or 'lg' one"
        )
    keys = np.array(sorted(vectors.key2row, key=vectors.key2row.__getitem__), np.uint64)
    words = [vocab.strings[int(key)] for key in keys]
    # In spaCy, several words may share a row.
    rows = RowCollector(len(words), vectors.shape[1])
    for start in range(0, len(words), 1024):
        names = words[start : start + 1024]
        places = [vectors.key2row[int(key)] for key in keys[start : start + 1024]]
        values = np.asarray(vectors.data[places], np.float32)
        check_finite(path, names, values, start + 1)
        rows.add(names, values)
    return rows.done(path, recipe=read_recipe(path))


def _sniff(path: Path, head: bytes) -> bool:
    return (path / "vocab").is_dir() and (path / "meta.json").is_file()


SPACY = Format("spacy", "spaCy pipeline", write_spacy, read_spacy, _sniff, folder=True)
