"""gensim's KeyedVectors, as objects."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_files import (
    write,
)
from gensim.models import KeyedVectors
from numpy.testing import assert_array_equal
from tables import random_table

from wordgraft.export.formats import (
    from_keyed_vectors,
    to_keyed_vectors,
)


def test_keyed_vectors_there_and_back(tmp_path: Path) -> None:
    table = random_table(200, 8)
    made = to_keyed_vectors(table)
    assert_array_equal(made["w7"], table["w7"])
    assert made.get_vecattr("w7", "count") == table.vocabulary.counts[9]
    word, cosine = made.most_similar("w7", topn=1)[0]
    assert (word, pytest.approx(cosine, abs=1e-5)) == table.neighbours("w7", top=1)[0]
    back = from_keyed_vectors(made)
    assert back.vocabulary.words == table.vocabulary.words
    assert_array_equal(back.vectors, table.vectors)
    path = write(table, "gensim", tmp_path / "v.kv")
    assert_array_equal(KeyedVectors.load(str(path)).vectors, table.rows()[1:])
