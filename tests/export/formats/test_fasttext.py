"""fastText's `.vec` files."""

from __future__ import annotations

from pathlib import Path

from format_files import check_rows, file_with, lines_of

import wordgraft as wg
from wordgraft.export.formats.fasttext import FASTTEXT
from wordgraft.export.formats.reading import sniffed


def test_only_a_vec_file_with_a_header_is_fasttext(tmp_path: Path) -> None:
    content = b"7 5\n" + lines_of(end=" \n")  # fastText ends lines with a space
    assert sniffed(file_with(tmp_path, content, "wiki.vec")) == "fasttext"
    assert sniffed(file_with(tmp_path, content, "wiki.txt")) == "word2vec"
    assert sniffed(file_with(tmp_path, lines_of(), "no-header.vec")) == "glove"
    check_rows(wg.read_vectors(tmp_path / "wiki.vec"))


def test_what_is_written_is_recognized(tmp_path: Path) -> None:
    table = wg.read_vectors(file_with(tmp_path, lines_of()))
    assert FASTTEXT.write is not None
    FASTTEXT.write(table, tmp_path / "out.vec")
    assert sniffed(tmp_path / "out.vec") == "fasttext"
    assert (tmp_path / "out.vec").read_text("utf-8").startswith("8 5\n[UNK] ")
