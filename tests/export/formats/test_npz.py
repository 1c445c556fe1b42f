"""NumPy archives, good and bad."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from format_files import (
    ROWS,
    WORDS,
)
from numpy.testing import assert_array_equal
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError
from wordgraft.export.formats import (
    write_npz,
)

ODD = table_of(
    ["new york", "new_york", "naïve", "🚀", "a\u00a0b", "x"],
    np.array([[1, 2], [3, 4], [1 / 3, -1e-30], [1e30, 2], [5, 6], [0, 0]], np.float32),
    counts=[9, 8, 7, 6, 5, 4],
)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_numpy_reads_rows_words_and_counts_without_pickles(tmp_path: Path, dtype: str) -> None:
    table = ODD.astype("float32") if dtype == "float16" else ODD.astype(dtype)
    assert write_npz(table, tmp_path / "t.npz") == 0
    with np.load(tmp_path / "t.npz", allow_pickle=False) as read:
        assert read["words"].tolist() == list(table.vocabulary.words)
        assert_array_equal(read["vectors"], table.rows())
        assert read["vectors"].dtype == np.float32
        assert read["counts"].tolist() == [0, 0, 9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"rows": ROWS}, "has the arrays rows; expected vectors and words"),
        (
            {"vectors": ROWS, "words": np.array(WORDS[:3])},
            "expected one word and one count per row",
        ),
        ({"vectors": ROWS, "words": np.array(WORDS, object)}, "cannot be read as .npz"),
        ({"vectors": ROWS * np.nan, "words": np.array(WORDS)}, "'the' .word 1. has NaN"),
    ],
)
def test_bad_archives(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(DataError, match=message):
        wg.read_vectors(tmp_path / "v.npz")


def test_an_archive_without_roles_and_with_repeats(tmp_path: Path) -> None:
    words = ["the", "sun", "the", "[UNK]"]
    np.savez(tmp_path / "v.npz", vectors=ROWS[:4], words=np.array(words), counts=[4, 3, 2, 1])
    table = wg.read_vectors(tmp_path / "v.npz")
    assert_array_equal(table.vectors[1:], ROWS[[3, 0, 1]])
    assert table.vocabulary.counts.tolist() == [0, 0, 4, 3]
