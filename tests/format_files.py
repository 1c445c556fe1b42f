"""Files of word vectors for the tests of formats, and what a table of them must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from numpy.testing import assert_array_equal

import wordgraft as wg
from wordgraft.export.formats import FORMATS

WORDS = ["the", "sun", "co-operate", "café", "🚀", "</s>", "u.s."]
ROWS = np.random.default_rng(3).normal(size=(len(WORDS), 5)).astype(np.float32)


def keyed_vectors_of(rows: np.ndarray = ROWS, words: list[str] = WORDS) -> KeyedVectors:
    vectors = KeyedVectors(rows.shape[1])
    vectors.add_vectors(words, rows)
    return vectors


def lines_of(words: list[str] = WORDS, rows: np.ndarray = ROWS, end: str = "\n") -> bytes:
    """As GloVe and fastText write them, apart from the header."""
    lines = (
        f"{w} {' '.join(f'{x:.9g}' for x in row)}{end}" for w, row in zip(words, rows, strict=True)
    )
    return "".join(lines).encode()


def file_with(tmp_path: Path, content: bytes, name: str = "v.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def check_rows(table: wg.EmbeddingTable) -> None:
    assert table.vocabulary.words == ("[PAD]", "[UNK]", *WORDS)
    assert_array_equal(table.vectors[2:], ROWS)
    assert not table.vectors[0].any()
    np.testing.assert_allclose(table.vectors[1], ROWS.mean(0), rtol=1e-6)
    assert table.provenance.counts() == {"padding": 1, "unk": 1, "file": len(WORDS)}
    assert table.recipe["source"] == "file"


def write(table: wg.EmbeddingTable, name: str, path: Path, **options: Any) -> Path:
    written = FORMATS[name].write
    assert written is not None
    written(table, path, **options)
    return path


def means(table: wg.EmbeddingTable, texts: list[str], *, with_unk: bool) -> np.ndarray:
    """The mean of the rows of each text's words, by hand; zeros where there are none."""
    unk = table.vocabulary.roles["unk"]
    found = []
    for text in texts:
        ids = [int(id) for id in table.vocabulary.ids([text]).ids if with_unk or id != unk]
        rows = table.rows(ids).astype(np.float64) if ids else np.zeros((1, table.dims))
        found.append(rows.mean(axis=0))
    return np.array(found)
