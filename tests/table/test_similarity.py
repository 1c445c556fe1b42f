"""Word pairs and Spearman's correlation, against SciPy."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from tables import random_table, table_of

from wordgraft import read_pairs, word_similarity
from wordgraft.errors import DataError

PAIRS = [("old", "new", 1.58), ("smart", "intelligent", 9.2)]
LINES = "old\tnew\t1.58\nsmart\tintelligent\t9.2\n"


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        "word1\tword2\tscore\n" + LINES,
        "# a comment\n\n# another\tone\there\nWord 1\tWord 2\tHuman (mean)\n" + LINES,
        LINES.replace("\t", " \t ").replace("9.2", "9.2\tnoun\t3"),
        LINES.replace("\n", "\r\n"),
    ],
    ids=["plain", "header", "comments", "more columns", "windows"],
)
def test_reads_pairs(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes(text.encode())
    assert read_pairs(path) == PAIRS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LINES.encode() + b"good\tbad\n", r"line 3: expected word1 TAB .*, found 'good\\tbad'"),
        (b"# c\n" + LINES.encode() + b"a\tb\tmuch\n", r"line 4: .* found 'a\\tb\\tmuch'"),
        (b"word1\tword2\tscore\nagain\ta\theader\n", "line 2: expected word1 TAB word2 TAB score"),
        (b"old new 1.58\n", "holds no word pairs; expected word1 TAB word2 TAB score"),
        (b"", "holds no word pairs"),
        (b"caf\xe9\ttea\t1\n", "cannot be read as UTF-8 text .*0xe9"),
        (None, "there is no file .*pairs.tsv"),
    ],
    ids=["cells", "score", "two headers", "blanks", "empty", "latin-1", "missing"],
)
def test_files_that_are_no_pairs(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "pairs.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_pairs(path)


def test_equals_scipy_on_the_covered_pairs() -> None:
    table, rng = random_table(50), np.random.default_rng(3)
    names = [f"w{i}" for i in range(60)]  # the last ten have no row
    pairs = [(*rng.choice(names, 2), float(rng.integers(10))) for _ in range(80)]
    covered = [pair for pair in pairs if pair[0] in table and pair[1] in table]
    cosines = [
        table[a] @ table[b] / np.linalg.norm(table[a]) / np.linalg.norm(table[b])
        for a, b, _ in covered
    ]
    found = word_similarity(table, pairs)
    assert (found.covered, found.pairs) == (len(covered), 80)
    assert 40 < found.covered < 80
    assert_allclose(found.spearman, spearmanr(cosines, [s for *_, s in covered]).statistic)


@given(st.permutations(range(6)), st.sampled_from(["float32", "float16", "int8"]))
def test_only_the_order_of_the_scores_counts(order: list[int], dtype: str) -> None:
    angles = np.linspace(0.1, 1.5, 6)
    words = [f"w{i}" for i in range(6)]
    table = table_of(["a", *words], [[1, 0], *np.stack([np.cos(angles), np.sin(angles)], axis=1)])
    pairs = [("A", word, float(np.exp(-rank))) for word, rank in zip(words, order, strict=True)]
    found = word_similarity(table.astype(dtype), pairs)
    assert_allclose(found.spearman, spearmanr(range(6), order).statistic)


def test_vectors_may_come_from_elsewhere() -> None:
    table = table_of(["a", "b"], [[1, 0], [1, 1]])
    pairs = [("a", "b", 2.0), ("a", "c", 1.0), ("a", "d", 3.0)]
    elsewhere = {"c": np.array([0.0, 1.0]), "d": np.array([2.0, 0.0])}

    def vector_of(word: str) -> np.ndarray | None:
        return table[word] if word in table else elsewhere.get(word)

    assert word_similarity(table, pairs).covered == 1
    assert word_similarity(table, pairs, vector_of=vector_of).spearman == 1


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("a", "b", 1.0)],
        [("a", "b", 1.0), ("a", "c", 1.0)],
        [("a", "z", 1.0), ("a", "b", 2.0)],
    ],
    ids=["none", "one", "all alike", "one covered"],
)
def test_too_little_to_rank_is_not_a_number(pairs: list[tuple[str, str, float]]) -> None:
    table = table_of(["a", "b", "c"], [[1, 0], [1, 1], [0, 1]])
    assert isnan(word_similarity(table, pairs).spearman)
