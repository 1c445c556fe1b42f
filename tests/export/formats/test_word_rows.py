"""A row per entry of a list, in its order, blank and repeated entries included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wordgraft.export.formats.word_rows import write_word_rows

WORDS = ["sun", "", "new york", "sun"]
ROWS = np.array([[1, 2], [0, 0], [0.5, 3], [1, 2]], np.float32)


def test_an_archive_has_every_entry(tmp_path: Path) -> None:
    assert write_word_rows(WORDS, ROWS, tmp_path / "r.npz", to="npz") == 0
    archive = np.load(tmp_path / "r.npz")
    assert archive["words"].tolist() == WORDS
    assert (archive["vectors"] == ROWS).all()


@pytest.mark.parametrize(("to", "header"), [("glove", ""), ("word2vec", "4 2\n")])
def test_a_text_file_has_a_line_per_entry(tmp_path: Path, to: str, header: str) -> None:
    assert write_word_rows(WORDS, ROWS, tmp_path / "r.txt", to=to) == 2
    lines = "sun 1 2\n_ 0 0\nnew_york 0.5 3\nsun 1 2\n"
    assert (tmp_path / "r.txt").read_text() == header + lines
