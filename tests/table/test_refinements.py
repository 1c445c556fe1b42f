"""Each refinement against a few lines of NumPy or scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from tables import random_table, table_of, vocabulary_of

from wordgraft.errors import TableError
from wordgraft.table import (
    Abtt,
    Center,
    OovState,
    Pca,
    Refinement,
    Scale,
    Sif,
    Whiten,
    default_refinements,
    parse_refinements,
)

TABLE = random_table()
EVERY = [Center(), Abtt(2), Pca(5), Whiten(), Sif(), Scale(0.7)]
each_refinement = pytest.mark.parametrize("refinement", EVERY, ids=lambda each: each.name)


def _words(*refinements: Refinement) -> np.ndarray:
    return TABLE.refine(*refinements).vectors[2:]


def _abtt(x: np.ndarray) -> np.ndarray:
    x = x - x.mean(axis=0)
    _, _, directions = np.linalg.svd(x, full_matrices=False)
    for direction in directions[:2]:
        x = x - np.outer(x @ direction, direction)
    return x


def _pca(x: np.ndarray) -> np.ndarray:
    return PCA(5, svd_solver="full").fit_transform(x)


def _whiten(x: np.ndarray) -> np.ndarray:
    # scikit-learn divides by n - 1, wordgraft by n: as many words as there are is all there are.
    return PCA(whiten=True, svd_solver="full").fit_transform(x) * np.sqrt(len(x) / (len(x) - 1))


def _sif(x: np.ndarray) -> np.ndarray:
    counts = TABLE.vocabulary.counts[2:]
    return np.array([1e-3 / (1e-3 + n / counts.sum()) * v for v, n in zip(x, counts, strict=True)])


def _scale(x: np.ndarray) -> np.ndarray:
    return x * 0.7 / np.sqrt((x**2).mean())


REFERENCES = [lambda x: x - x.mean(axis=0), _abtt, _pca, _whiten, _sif, _scale]


@pytest.mark.parametrize(
    ("refinement", "reference"), [*zip(EVERY, REFERENCES, strict=True)], ids=[e.name for e in EVERY]
)
def test_equals_its_reference(
    refinement: Refinement, reference: Callable[[np.ndarray], np.ndarray]
) -> None:
    found, expected = _words(refinement), reference(TABLE.vectors[2:].astype(np.float64))
    if refinement.name in ("pca", "whiten"):  # an axis may point either way
        found = found * np.sign((found * expected).sum(axis=0))
    assert_allclose(found, expected, atol=1e-4)


@each_refinement
def test_every_row_but_the_padding_moves_and_the_recipe_says_how(refinement: Refinement) -> None:
    refined = TABLE.astype("float16").refine(refinement)
    assert refined.vectors.dtype == np.float32
    assert not refined.vectors[0].any()
    if refinement.name != "sif":  # the unk row was never counted
        assert not np.allclose(refined.vectors[1, :5], TABLE.vectors[1, :5])
    assert [done["name"] for done in refined.recipe["refinements"]] == [refinement.name]
    assert refined.recipe["dtype"] == "float32"


def test_the_unk_row_moves_with_the_words_and_is_not_fitted_to() -> None:
    mean, rms = TABLE.vectors[2:].mean(axis=0), np.sqrt(np.square(_words(Center())).mean())
    refined = TABLE.refine(Center(), Scale(0.5))
    assert_allclose(refined.vectors[1], (2.0 - mean) * 0.5 / rms, rtol=1e-4)


def test_refinements_are_made_in_turn_and_recorded_in_turn() -> None:
    at_once = TABLE.refine(Center(), Pca(4), Scale(0.1))
    one_by_one = TABLE.refine(Center()).refine(Pca(4)).refine(Scale(0.1))
    assert_array_equal(at_once.vectors, one_by_one.vectors)
    assert at_once.recipe == one_by_one.recipe
    assert at_once.recipe["refinements"] == [
        {"name": "center"},
        {"name": "pca", "dims": 4},
        {"name": "scale", "rms": 0.1},
    ]


def test_whitened_words_have_the_identity_as_covariance() -> None:
    words = _words(Whiten(5))
    assert_allclose(words.T @ words / len(words), np.eye(5), atol=1e-4)


def test_whitening_does_not_blow_up_noise() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(300, 2)) * [1.0, 1e-6]
    words = table_of([f"w{i}" for i in range(300)], noise).refine(Whiten(floor=1e-2)).vectors[2:]
    assert_allclose(words[:, 0].std(), 1, rtol=1e-4)
    assert_allclose(words[:, 1].std(), 1e-6 / np.sqrt(1e-2), rtol=0.1)


def test_pca_gives_the_same_signs_to_equal_input() -> None:
    turned = table_of([f"w{i}" for i in range(200)], TABLE.vectors[:1:-1]).refine(Pca(3))
    assert_allclose(turned.vectors[:1:-1], _words(Pca(3)), atol=1e-4)


def test_rare_words_weigh_more_by_sif() -> None:
    table = table_of(["the", "a", "rare", "unseen"], np.ones((4, 1)), counts=[900, 99, 1, 0])
    lengths = table.refine(Sif(a=0.1)).vectors[2:, 0]
    assert_allclose(lengths, [0.1 / 1.0, 0.1 / 0.199, 0.1 / 0.101, 1.0], rtol=1e-6)


def test_the_defaults_weigh_words_only_where_there_are_counts() -> None:
    assert default_refinements(TABLE.vocabulary) == (Center(), Sif(), Scale())
    assert default_refinements(vocabulary_of(["a", "b"])) == (Center(), Scale())


def test_defaults_give_the_words_the_default_size() -> None:
    words = _words(*default_refinements(TABLE.vocabulary))
    assert_allclose(np.sqrt((words**2).mean()), Scale().rms, rtol=1e-5)


def test_a_word_without_a_vector_stays_zero_and_is_not_fitted_to() -> None:
    rows = np.array([[3.0, 0], [5, 0], [0, 0]])
    table = table_of(["one", "two", "none"], rows)
    table = table.with_rows(np.array([4]), np.zeros((1, 2)), source="zero")
    assert table.word_rows.tolist() == [2, 3]
    refined = table.refine(Center(), Scale(2.0))
    assert_allclose(refined.vectors[2:], 2**0.5 * np.array([[-2, 0], [2, 0], [0, 0]]), rtol=1e-6)


@each_refinement
def test_what_it_does_to_a_word_never_seen_is_kept(refinement: Refinement) -> None:
    table = random_table(oov=OovState("pieces", {"a": np.ones(3)}, {"b": 1}))
    moved = table.refine(refinement)
    assert moved.oov is not None
    assert (moved.oov.method, moved.oov.settings) == ("pieces", {"b": 1})
    assert_array_equal(moved.oov.arrays["a"], [1, 1, 1])
    expected = moved.vectors[2:8]
    if refinement.name == "sif":  # a word that was never seen keeps its length
        expected = table.vectors[2:8]
    for move in (moved.move, moved.oov.move):
        assert move is not None
        assert_allclose(move(table.vectors[2:8]), expected, rtol=1e-4, atol=1e-4)


def test_moves_in_turn_are_one_move() -> None:
    table = random_table()
    moved = table.refine(Center(), Pca(5)).refine(Whiten(3), Scale(0.7))
    assert moved.move is not None
    assert_allclose(moved.move(table.vectors[2:]), moved.vectors[2:], rtol=1e-3, atol=1e-4)


def test_a_move_that_is_not_affine_is_refused() -> None:
    class Cube:
        name = "cube"

        def fit(self, vectors: np.ndarray, counts: np.ndarray):  # type: ignore[no-untyped-def]
            return lambda rows, _: rows**3

    with pytest.raises(TableError, match="cube is not a linear map and a shift"):
        TABLE.refine(Cube())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("refinement", "message"),
    [
        (Pca(9), "9 directions cannot be found in vectors of 8 dimensions; choose 1 to 8"),
        (Abtt(0), "0 directions cannot be .* choose 1 to 8"),
        (Whiten(-1), "-1 directions cannot be found"),
        (Scale(3e38), "scale gave values that are not finite"),
    ],
    ids=str,
)
def test_refinements_that_cannot_be_made(refinement: Refinement, message: str) -> None:
    with pytest.raises(TableError, match=message):
        TABLE.refine(refinement)


def test_sif_needs_counts() -> None:
    with pytest.raises(TableError, match=r"this vocabulary has none; make it with .*from_texts"):
        table_of(["a"], [[1.0]]).refine(Sif())


def test_a_table_of_roles_has_nothing_to_refine() -> None:
    with pytest.raises(TableError, match="no word of this table has a vector"):
        table_of([], np.zeros((0, 3))).refine(Center())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", ()),
        ("center", (Center(),)),
        ("center, abtt:2 ,scale:0.25", (Center(), Abtt(2), Scale(0.25))),
        ("pca:128,whiten:64,sif:1e-4", (Pca(128), Whiten(64), Sif(1e-4))),
        ("pca,whiten,sif,abtt,scale", (Pca(), Whiten(), Sif(), Abtt(), Scale())),
    ],
)
def test_refinements_as_text(text: str, expected: tuple[Refinement, ...]) -> None:
    assert parse_refinements(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "centre",
            "unknown refinement 'centre'; expected one of center, .* scale, or none",
        ),
        ("", "unknown refinement ''; expected"),
        ("center,,scale", "unknown refinement ''"),
        ("pca:many", "'pca:many': expected pca:int"),
        ("pca:2.5", "'pca:2.5': expected pca:int"),
        ("scale:", "'scale:': expected scale:float"),
        ("center:3", "'center:3': refinement 'center' takes no value"),
        ("scale:-1", "scale:-1: expected a number above 0"),
        ("scale:nan", "scale:nan: expected a number above 0"),
        ("sif:0", "sif:0: expected a number above 0"),
    ],
)
def test_refinements_that_are_misspelt(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_refinements(text)
