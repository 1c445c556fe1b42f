"""`build_table`: every fault at once, before any work; rows that the source left are filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from wordgraft import Vocabulary, build_table, method_of, open_checkpoint
from wordgraft.errors import TableError
from wordgraft.oov import Neighbours
from wordgraft.sources import Composed, Isolated
from wordgraft.table import Sif

WORDS = ["sun", "rain", "garden", "unheardof"]


def test_every_fault_is_told_at_once(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    with pytest.raises(TableError) as raised:
        build_table(
            checkpoint, vocabulary, source="magic", oov="magic", dtype="int4", refinements=[Sif()]
        )
    for fault in (
        "unknown source 'magic'",
        "unknown oov 'magic'",
        "unknown dtype 'int4'",
        "sif needs word counts",
    ):
        assert fault in str(raised.value)
    with pytest.raises(TableError, match="source 'composed' needs a vocabulary"):
        build_table(checkpoint, source=Composed())


def test_a_name_means_the_defaults_of_source_and_method(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    by_name = build_table(checkpoint, vocabulary, source="isolated", oov="neighbours")
    by_value = build_table(checkpoint, vocabulary, source=Isolated(), oov=Neighbours())
    assert_array_equal(by_name.vectors, by_value.vectors)
    assert by_name.recipe["oov"] == by_value.recipe["oov"] == "neighbours"
    other = build_table(checkpoint, vocabulary, source=Isolated(layer=3), oov=Neighbours(k=1))
    assert np.abs(other.vectors - by_name.vectors).max() > 1e-3
    assert other.oov is not None
    assert other.oov.settings["k"] == 1


def test_rows_that_the_source_leaves_empty_are_filled_by_the_method(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = build_table(checkpoint, vocabulary, source="lookup", oov="pieces", refinements=())
    assert table.provenance.counts()["pieces"] >= 1
    assert_allclose(table["unheardof"], method_of(table).vectors(["unheardof"])[0], atol=1e-6)
    zero = build_table(checkpoint, vocabulary, source="lookup", oov="zero", refinements=())
    assert not zero["unheardof"].any()
    assert not zero.vectors[1].any()


def test_default_refinements_centre_and_scale(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = build_table(checkpoint, vocabulary, dtype="float16")
    assert [step["name"] for step in table.recipe["refinements"]] == ["center", "scale"]
    assert table.vectors.dtype == np.float16
    words = table.rows()[table.word_rows]
    assert np.sqrt(np.square(words).mean()) == pytest.approx(0.3, rel=1e-3)
    assert_allclose(words.mean(axis=0), 0, atol=1e-3)
