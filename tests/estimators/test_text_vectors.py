"""`TextVectors` as a step of scikit-learn's pipelines."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from tables import random_table, table_of

from wordgraft import TextVectors
from wordgraft.errors import DataError, TableError
from wordgraft.table import Sif

TABLE = random_table(60, 8)
WORDS = TABLE.vocabulary.words[2:]


def labelled(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts, and whether the sum of their words' first numbers is above the middle."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(2, 62, size=(n, 5))
    texts = [" ".join(TABLE.vocabulary.words[row] for row in each) for each in rows]
    sums = TABLE.rows()[rows, 0].sum(axis=1)
    return texts, np.where(sums > np.median(sums), "up", "down")


def test_a_pipeline_with_logistic_regression() -> None:
    texts, labels = labelled(300, 0)
    pipeline = make_pipeline(TextVectors(TABLE), LogisticRegression(C=100))
    pipeline.fit(texts[:200], labels[:200])
    assert pipeline.score(texts[200:], labels[200:]) > 0.9
    search = GridSearchCV(pipeline, {"textvectors__weights": ["mean", "sif"]}, cv=2)
    search.fit(texts, labels)
    assert search.best_params_ == {"textvectors__weights": "mean"}
    again = pickle.loads(pickle.dumps(pipeline))
    assert_array_equal(again.predict(texts), pipeline.predict(texts))


def test_sif_is_of_the_tables_counts_or_of_the_texts() -> None:
    table = table_of(["a", "b"], [[1, 0], [0, 1]])
    found = TextVectors(table, weights="sif", a=0.1).fit(["a a a b"]).transform(["a b"])
    ratio = (0.1 / 0.85) / (0.1 / 0.35)
    assert_allclose(found[0, 0] / found[0, 1], ratio, rtol=1e-5)
    counted = table_of(["a", "b"], [[1, 0], [0, 1]], counts=[1, 3])
    found = TextVectors(counted, weights="sif", a=0.1).fit(["a a a b"]).transform(["a b"])
    assert_allclose(found[0, 0] / found[0, 1], 1 / ratio, rtol=1e-5)


def test_common_directions_are_taken_away() -> None:
    texts, _ = labelled(200, 1)
    plain = TextVectors(TABLE).fit_transform(texts)
    step = TextVectors(TABLE, components=2).fit(texts)
    found = step.transform(texts)
    assert_allclose(found @ step.directions_.T, 0, atol=1e-4)
    left, right = np.linalg.svd(plain, full_matrices=False)[1:]
    assert_allclose(found, plain - plain @ right[:2].T @ right[:2], atol=1e-4)
    assert len(left) == 8


def test_a_saved_table_and_names(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "t")
    step = clone(TextVectors(tmp_path / "t", oov="leave out")).fit(["w1"])
    assert_allclose(step.transform(["w1 nothing"])[0], TABLE["w1"], atol=1e-6)
    assert step.get_feature_names_out().tolist() == [f"textvectors{i}" for i in range(8)]


def test_what_makes_no_sense_is_said_at_once() -> None:
    with pytest.raises(TableError, match=r"weights is 'x'.*; components is 9.*; a is 0") as caught:
        TextVectors(TABLE, weights="x", components=9, a=0).fit(["w1"])
    assert "expected 0 to 8" in str(caught.value)
    with pytest.raises(TableError, match="expected an EmbeddingTable"):
        TextVectors().fit(["w1"])
    with pytest.raises(TableError, match="weighted by SIF already"):
        TextVectors(TABLE.refine(Sif()), weights="sif").fit(["w1"])
    with pytest.raises(DataError, match="X is one string"):
        TextVectors(TABLE).fit("w1")
    with pytest.raises(NotFittedError):
        TextVectors(TABLE).transform(["w1"])
