"""Every source keeps the same promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import TableError
from wordgraft.sources import SOURCES, Contextual, Corpus, Source, source_of


def _source(name: str, sentences: list[str]) -> Source:
    return Contextual(Corpus.of_texts(sentences)) if name == "contextual" else source_of(name)


@pytest.mark.parametrize("name", SOURCES)
def test_a_table_is_raw_and_says_where_it_came_from(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], name: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_texts(sentences, checkpoint)
    source = _source(name, sentences)
    table = source.table(checkpoint, vocabulary)
    assert table.vocabulary.words == vocabulary.words
    assert table.vectors.dtype == np.float32
    assert not table.vectors[0].any()
    assert table.recipe["source"] == name
    assert table.recipe["checkpoint_sha256"] == checkpoint.sha256
    assert name in table.provenance.counts()
    assert_array_equal(source.table(checkpoint, vocabulary).vectors, table.vectors)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "contextual"])
def test_only_a_corpus_can_stand_in_for_a_vocabulary(
    tiny_checkpoint: Callable[[str], Path], name: str
) -> None:
    with pytest.raises(TableError, match=f"source '{name}' needs a vocabulary"):
        source_of(name).table(open_checkpoint(tiny_checkpoint("bert")), None)


def test_a_name_means_the_defaults_and_contextual_has_none() -> None:
    for name in ("lookup", "composed", "isolated"):
        assert source_of(name) == SOURCES[name]()
    with pytest.raises(TableError, match=r"needs a corpus: pass source=wordgraft\.Contextual"):
        source_of("contextual")
    with pytest.raises(TableError, match="unknown source 'magic'; choose one of lookup"):
        source_of("magic")
