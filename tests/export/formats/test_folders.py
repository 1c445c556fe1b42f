"""Folders with a matrix and a tokenizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from format_files import (
    write,
)
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file
from tables import random_table

import wordgraft as wg
from wordgraft.errors import DataError


@pytest.mark.parametrize("name", ["model2vec", "sentence-transformers", "safetensors"])
def test_pieces_come_back(tmp_path: Path, pieces: wg.EmbeddingTable, name: str) -> None:
    back = wg.read_vectors(write(pieces, name, tmp_path / "out"))
    assert back.vocabulary.kind == "pieces"
    assert back.vocabulary.words == pieces.vocabulary.words
    assert_array_equal(back.vectors, pieces.vectors)
    assert back.vocabulary.roles == dict(pieces.vocabulary.roles)
    assert back.recipe["made_by"]["source"] == "lookup"


def test_bad_folders(tmp_path: Path) -> None:
    table = random_table(20, 4)
    folder = write(table, "safetensors", tmp_path / "s")
    save_file({"vectors": table.rows()[:9]}, folder / "model.safetensors")
    with pytest.raises(DataError, match=r"has ids up to 21, the vectors have shape \(9, 4\)"):
        wg.read_vectors(folder)
    save_file({"other": table.rows()}, folder / "model.safetensors")
    with pytest.raises(DataError, match="has the tensors other; expected vectors or"):
        wg.read_vectors(folder)
    (folder / "model.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(DataError, match=r"model\.safetensors"):
        wg.read_vectors(folder)
    bad = write(table, "model2vec", tmp_path / "m")
    tensors = load_file(bad / "model.safetensors")
    tensors["embeddings"][3, 1] = np.nan
    save_file(tensors, bad / "model.safetensors")
    with pytest.raises(DataError, match=r"the vector of 'w1' .* has NaN"):
        wg.read_vectors(bad)
    table.save(tmp_path / "t.table")
    with pytest.raises(DataError, match=r"is already a table: open it with EmbeddingTable\.load"):
        wg.read_vectors(tmp_path / "t.table")
