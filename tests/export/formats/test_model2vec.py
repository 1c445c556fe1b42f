"""Folders of model2vec, opened by model2vec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from format_files import (
    means,
    write,
)
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table
from tokenizers import Tokenizer

import wordgraft as wg

TEXTS = ["w1 w2, w3!", "W7 w7 nowhere w0", "nowhere at all", "", "w5 " * 700]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_model2vec_gives_the_mean_of_our_rows(tmp_path: Path, dtype: str) -> None:
    from model2vec import StaticModel

    table = random_table(300, 16).astype(dtype)
    model = StaticModel.from_pretrained(write(table, "model2vec", tmp_path / "m"))
    assert_allclose(model.encode(TEXTS), means(table, TEXTS, with_unk=False), rtol=2e-5, atol=1e-5)
    assert model.tokens == table.vocabulary.words
    assert_array_equal(model.embedding, table.rows())


def test_both_read_a_table_of_pieces(tmp_path: Path, pieces: wg.EmbeddingTable) -> None:
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer

    texts = ["the warm sun", "a cold rain falls", "zebra"]
    expected = means(pieces, texts, with_unk=True)
    small = StaticModel.from_pretrained(write(pieces, "model2vec", tmp_path / "m"))
    assert_allclose(small.encode(texts), expected, atol=1e-6)
    folder = write(pieces, "sentence-transformers", tmp_path / "s")
    model = SentenceTransformer(str(folder), device="cpu")
    assert_allclose(model.encode(texts, show_progress_bar=False), expected, atol=1e-6)


def test_a_model_that_model2vec_wrote(
    tmp_path: Path, tiny_checkpoint: Callable[[str], Path]
) -> None:
    """Its padding is not row 0; words share rows, and each has a weight."""
    from model2vec import StaticModel

    tokenizer = Tokenizer.from_file(str(tiny_checkpoint("roberta") / "tokenizer.json"))
    n = tokenizer.get_vocab_size()
    rng = np.random.default_rng(0)
    model = StaticModel(
        rng.normal(size=(20, 6)).astype(np.float32),
        tokenizer,
        weights=rng.uniform(1, 2, n).astype(np.float32),
        token_mapping=rng.integers(0, 20, n),
    )
    model.save_pretrained(tmp_path / "m")
    table = wg.read_vectors(tmp_path / "m")
    assert table.vocabulary.words[0] == "<pad>"
    assert not table.vectors[0].any()
    texts = ["the warm sun", "a cold rain"]
    assert_allclose(means(table, texts, with_unk=False), model.encode(texts), atol=1e-5)
