"""Which files an argument names, word lists, and the lines of text files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from wordgraft.data.text_files import read_lines, read_words, split_column, text_sources
from wordgraft.errors import DataError


def test_a_word_list(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffsun\r\n\n New York \nline\u2028break\n".encode())
    assert read_words(path) == ["sun", "New York", "line\u2028break"]
    path.write_bytes(b"\n \n")
    with pytest.raises(DataError, match=r"words\.txt holds no words; expected one per line"):
        read_words(path)
    path.write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"is not UTF-8 \(byte 0xe9"):
        read_words(path)


def test_a_column_after_the_path(tmp_path: Path) -> None:
    assert split_column("train.csv:body") == ("train.csv", "body")
    assert split_column("train.csv") == ("train.csv", "text")
    (tmp_path / "a:b.csv").touch()
    assert split_column(f"{tmp_path}/a:b.csv") == (f"{tmp_path}/a:b.csv", "text")


def test_datasets_and_their_columns() -> None:
    assert split_column("dataset:org/name,config:body") == ("dataset:org/name,config", "body")
    assert text_sources("dataset:imdb") == [("dataset:imdb", "text")]


def test_patterns_name_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.csv", "a.csv", "sub/c.csv", "d.txt"):
        (tmp_path / name).touch()
    files = [f"{tmp_path}/{name}" for name in ("a.csv", "b.csv")]
    assert text_sources(f"{tmp_path}/*.csv:body") == [(file, "body") for file in files]
    assert len(text_sources(f"{tmp_path}/**/*.csv")) == 3
    assert text_sources(f"{tmp_path}/d.txt") == [(f"{tmp_path}/d.txt", "text")]
    with pytest.raises(DataError, match=r"no file .*/x\*\.csv; expected FILE, FILE:COLUMN"):
        text_sources(f"{tmp_path}/x*.csv")
    with pytest.raises(DataError, match="sub is a folder; expected a file, or a pattern"):
        text_sources(f"{tmp_path}/sub")


def test_lines_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffone\r\ntwo\u2028three".encode())
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"four\n\nfive\n"))
    lines = list(read_lines(f"{tmp_path}/*.txt*"))
    assert lines == ["one", "two\u2028three", "", "four", "", "five", ""]
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"four\n" * 9)[:-5])
    with pytest.raises(DataError, match="cannot be read"):
        list(read_lines(f"{tmp_path}/*.txt*"))
