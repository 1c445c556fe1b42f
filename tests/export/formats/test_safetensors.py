"""A matrix of rows and a tokenizer, as any library can write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file
from tables import random_table

from wordgraft.export.formats.safetensors import read_safetensors, write_safetensors


def test_rows_counts_and_tokenizer_are_written(tmp_path: Path) -> None:
    table = random_table(20, 4).astype("int8")
    assert write_safetensors(table, tmp_path / "s") == 0
    tensors = load_file(tmp_path / "s" / "model.safetensors")
    assert_array_equal(tensors["vectors"], table.rows())
    assert_array_equal(tensors["counts"], table.vocabulary.counts)
    read = read_safetensors(tmp_path / "s")
    assert read.tokenizer is not None
    assert read.tokenizer.tokenizer.token_to_id("w3") == 5
    assert read.counts is not None
    assert read.counts.tolist() == table.vocabulary.counts.tolist()


@pytest.mark.parametrize("name", ["vectors", "embeddings", "embedding.weight", "weight"])
def test_the_matrix_may_have_other_names(tmp_path: Path, name: str) -> None:
    table = random_table(20, 4)
    write_safetensors(table, tmp_path / "s")
    counts = np.arange(9)  # counts of another table are ignored
    save_file({name: table.rows(), "counts": counts}, tmp_path / "s" / "model.safetensors")
    read = read_safetensors(tmp_path / "s")
    assert_array_equal(read.vectors, table.rows())
    assert read.counts is None
