"""Vocabularies from files keep every entry's id; matrices are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models

from wordgraft.errors import OutputError, VocabularyError
from wordgraft.matrix.entries import Entries
from wordgraft.matrix.files import read_vocabulary, write_matrix


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes(b"\xef\xbb\xbf<pad>\r\n\r\nsun \nsun\n")
    assert read_vocabulary(path) == ["<pad>", "", "sun ", "sun"]


def test_json_is_a_mapping_a_list_or_a_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    for content in ({"sun": 3}, ["sun", "rain"]):
        path.write_text(json.dumps(content))
        assert read_vocabulary(path) == content
    Tokenizer(models.WordPiece({"[UNK]": 0, "##s": 1}, unk_token="[UNK]")).save(str(path))
    assert Entries.of(read_vocabulary(path)).words == ("[UNK]", "##s")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.json", b"{", "v.json is not JSON that can be read"),
        ("v.json", b"[" * 100_000, "v.json is not JSON that can be read"),
        ("v.json", b"7", "v.json holds a int; expected an object from word to id"),
        ("v.json", b'{"model": {}}', "is not a tokenizer that can be read"),
        ("v.txt", b"sun\n\xff", r"v.txt is not UTF-8 \(byte 4\)"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VocabularyError, match=message):
        read_vocabulary(tmp_path / name)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="there is no file"):
        read_vocabulary(tmp_path / "v.txt")
    with pytest.raises(VocabularyError, match="is a folder"):
        read_vocabulary(tmp_path)


def test_each_kind_of_file_gives_the_rows_back(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    for suffix in (".npy", ".npz", ".safetensors"):
        write_matrix(rows, tmp_path / f"rows{suffix}")
    assert (np.load(tmp_path / "rows.npy") == rows).all()
    assert (np.load(tmp_path / "rows.npz")["vectors"] == rows).all()
    assert (load_file(tmp_path / "rows.safetensors")["weight"] == rows).all()


def test_other_suffixes_and_existing_files_are_refused(tmp_path: Path) -> None:
    rows = np.zeros((1, 1), np.float32)
    with pytest.raises(OutputError, match=r"rows.pt: the name must end in .npy, .npz"):
        write_matrix(rows, tmp_path / "rows.pt")
    (tmp_path / "rows.npy").write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        write_matrix(rows, tmp_path / "rows.npy")
    assert (tmp_path / "rows.npy").read_text() == "mine"
