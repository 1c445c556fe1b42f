"""Pipelines of spaCy, opened by spaCy."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_files import (
    write,
)
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

import wordgraft as wg
from wordgraft.errors import DataError
from wordgraft.export.formats import (
    write_spacy,
)


def test_spacy_looks_words_up(tmp_path: Path) -> None:
    import spacy

    table = random_table(300, 8)
    nlp = spacy.load(write(table, "spacy", tmp_path / "nlp"))
    assert nlp.vocab.vectors.shape == (300, 8)
    doc = nlp("w5 w6 nowhere")
    assert_array_equal(doc[0].vector, table["w5"])
    assert_array_equal(doc[1].vector, table["w6"])
    assert not doc[2].has_vector
    assert_allclose(doc[:2].vector, table.rows([7, 8]).mean(0), rtol=1e-5)
    write_spacy(table, tmp_path / "english", language="en")
    assert spacy.load(tmp_path / "english").lang == "en"


def test_spacy_pipelines_without_vectors(tmp_path: Path) -> None:
    import spacy

    spacy.blank("xx").to_disk(tmp_path / "nlp")
    with pytest.raises(DataError, match="has no word vectors"):
        wg.read_vectors(tmp_path / "nlp")
