"""GloVe's text files."""

from __future__ import annotations

from pathlib import Path

from format_files import check_rows, file_with, lines_of
from tables import table_of

import wordgraft as wg
from wordgraft.export.formats.glove import GLOVE, read_glove, write_glove


def test_a_file_without_a_header_is_glove(tmp_path: Path) -> None:
    assert GLOVE.sniff is not None
    path = file_with(tmp_path, lines_of())
    assert GLOVE.sniff(path, b"sun 1 2\nrain 3 4\n")
    assert GLOVE.sniff(path, b"sun 1 2 3.")  # a first line cut off inside its last number
    assert not GLOVE.sniff(path, b"2 2\nsun 1 2\n")
    assert not GLOVE.sniff(path, b"sun one two\n")
    check_rows(wg.read_vectors(path))


def test_lines_are_exact(tmp_path: Path) -> None:
    table = table_of(["sun", "rain"], [[1 / 3, -1e-30], [1e30, 2]], unk=0.5)
    assert write_glove(table, tmp_path / "g.txt") == 0
    lines = (tmp_path / "g.txt").read_text().splitlines()
    assert lines == ["[UNK] 0.5 0.5", "sun 0.333333343 -1e-30", "rain 1.00000002e+30 2"]
    read = read_glove(tmp_path / "g.txt")
    assert read.unk
    assert read.words == ("sun", "rain")
    assert (read.vectors[1:] == table.vectors[1:]).all()
