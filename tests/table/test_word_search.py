"""The neighbours of words, and gensim's ways of asking for them."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table_of

from wordgraft.errors import TableError

WORDS = table_of(["king", "queen", "man", "woman"], [[3, 1], [3, -1], [1, 2], [1, -2]])


def test_habits_of_gensim() -> None:
    assert WORDS.similarity("king", "queen") == pytest.approx(0.8)
    best, cosine = WORDS.most_similar(["king", "woman"], negative=["man"], topn=1)[0]
    assert best == "queen"
    unit = [WORDS[w] / np.linalg.norm(WORDS[w]) for w in ("king", "woman", "man", "queen")]
    query = unit[0] + unit[1] - unit[2]
    assert cosine == pytest.approx(float(query @ unit[3] / np.linalg.norm(query)), rel=1e-5)
    assert [word for word, _ in WORDS.most_similar("king")] == ["queen", "man", "woman"]
    assert WORDS.most_similar([WORDS["king"]], topn=1)[0][0] == "king"


def test_nothing_to_search_for_is_refused() -> None:
    with pytest.raises(TableError, match="positive and negative are empty"):
        WORDS.most_similar([])
