"""Models of sentence-transformers, opened by sentence-transformers."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_files import (
    means,
    write,
)
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

import wordgraft as wg
from wordgraft.errors import DataError

TEXTS = ["w1 w2, w3!", "W7 w7 nowhere w0", "nowhere at all", "", "w5 " * 700]


def test_sentence_transformers_gives_the_mean_of_our_rows(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    table = random_table(300, 16)
    for name in ("sentence-transformers", "model2vec"):
        folder = write(table, name, tmp_path / name)
        model = SentenceTransformer(str(folder), device="cpu")
        found = model.encode(TEXTS, show_progress_bar=False)
        assert_allclose(found, means(table, TEXTS, with_unk=True), rtol=2e-5, atol=1e-5)


def test_a_model_that_sentence_transformers_wrote(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    table = random_table(50, 8)
    module = StaticEmbedding(table.vocabulary.tokenizer, embedding_weights=table.rows().copy())
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "m"))
    back = wg.read_vectors(tmp_path / "m")
    assert back.recipe["format"] == "sentence-transformers"
    assert_array_equal(back.vectors, table.vectors)


def test_modules_other_than_one_are_refused(tmp_path: Path) -> None:
    folder = write(random_table(20, 4), "sentence-transformers", tmp_path / "s")
    modules = folder / "modules.json"
    good = modules.read_text()
    modules.write_text(good.replace("StaticEmbedding", "Transformer"))
    with pytest.raises(DataError, match="is a model of Transformer; only one StaticEmbedding"):
        wg.read_vectors(folder)
    modules.write_text(good.replace('"0_StaticEmbedding"', '"../elsewhere"'))
    with pytest.raises(DataError, match="points out of its folder"):
        wg.read_vectors(folder)
