"""Looking at a table, and the tables made from it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table, table_of

from wordgraft import EmbeddingTable, WordgraftError
from wordgraft.errors import TableError
from wordgraft.table import Center, Provenance

# Angles to `east`: 0, 60, 90 and 180 degrees, at different lengths.
COMPASS = table_of(
    ["east", "near", "north", "west"],
    [[1, 0], [0.5, 3**0.5 / 2], [0, 4], [-2, 0]],
    unk=9.0,
)


def test_a_word_is_found_as_it_stands_or_normalised() -> None:
    assert_array_equal(COMPASS["near"], np.array([0.5, 3**0.5 / 2], np.float32))
    assert_array_equal(COMPASS["NORTH"], [0, 4])
    assert_array_equal(COMPASS.get("West"), [-2, 0])
    assert "North" in COMPASS
    assert "south" not in COMPASS
    assert COMPASS.get("south") is None


def test_a_word_without_a_row_is_named() -> None:
    with pytest.raises(TableError, match=r"'south' has no row among 6; get a vector from"):
        COMPASS["south"]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("block", [2, 65_536])
def test_neighbours_have_the_cosines_of_their_angles(
    dtype: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wordgraft.table.search._ROWS_AT_ONCE", block)
    words, cosines = zip(*COMPASS.astype(dtype).neighbours("east"), strict=True)
    assert words == ("near", "north", "west")  # neither the word itself nor a role
    assert_allclose(cosines, [0.5, 0, -1], atol={"int8": 0.005}.get(dtype, 1e-3))


def test_neighbours_of_a_vector_keep_a_word_that_equals_it() -> None:
    assert COMPASS.neighbours_of(np.array([0, 0.1], np.float32), top=1) == [("north", 1.0)]
    assert COMPASS.neighbours("east", top=1)[0][0] == "near"
    assert COMPASS.neighbours("east", top=0) == []


def test_neighbours_of_nothing_are_at_right_angles_and_never_nan() -> None:
    with_zero = table_of(["some", "none"], [[1, 1], [0, 0]])
    assert with_zero.neighbours("none") == [("some", 0.0)]
    assert with_zero.neighbours("some") == [("none", 0.0)]


@pytest.mark.parametrize("block", [3, 65_536])
def test_neighbours_equal_a_full_sort(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordgraft.table.search._ROWS_AT_ONCE", block)
    table = random_table()
    unit = table.vectors[2:] / np.linalg.norm(table.vectors[2:], axis=1, keepdims=True)
    cosines = unit @ unit[7]
    order = [row for row in np.argsort(-cosines) if row != 7][:5]
    words, found = zip(*table.neighbours("w7", top=5), strict=True)
    assert words == tuple(f"w{row}" for row in order)
    assert_allclose(found, cosines[order], rtol=1e-5)


@pytest.mark.parametrize("block", [3, 65_536])
def test_norms(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordgraft.table.table._COPIED_BLOCK", block)
    assert_allclose(COMPASS.norms, [0, 9 * 2**0.5, 1, 1, 4, 2], rtol=1e-6)
    assert_allclose(COMPASS.astype("int8").norms, COMPASS.norms, rtol=0.005)


def test_with_rows_changes_a_copy_and_says_where_the_rows_come_from() -> None:
    changed = COMPASS.with_rows(np.array([2, 4]), np.array([[7, 7], [8, 8]]), source="trained")
    assert_array_equal(changed["east"], [7, 7])
    assert_array_equal(changed["north"], [8, 8])
    assert_array_equal(changed["west"], COMPASS["west"])
    assert_array_equal(COMPASS["east"], [1, 0])
    assert changed.provenance.counts() == {"padding": 1, "unk": 1, "trained": 2, "file": 2}


def test_with_rows_of_a_quantised_table_is_float32_again() -> None:
    quantised = COMPASS.astype("int8")
    changed = quantised.with_rows(np.array([2]), np.array([[0.123, 4.0]]), source="trained")
    assert changed.vectors.dtype == np.float32
    assert changed.scales is None
    assert changed.recipe["dtype"] == "float32"
    assert_array_equal(changed["east"], np.array([0.123, 4.0], np.float32))
    assert_array_equal(changed["north"], quantised["north"])


def test_the_padding_cannot_be_given_a_vector() -> None:
    with pytest.raises(TableError, match="row 0 is the padding and must be zeros"):
        COMPASS.with_rows(np.array([0]), np.ones((1, 2)), source="trained")


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_select_keeps_rows_words_counts_and_ids_together(dtype: str) -> None:
    table = random_table(20).astype(dtype)
    some = table.select(np.array([0, 9, 1, 5]))
    assert some.vocabulary.words == ("[PAD]", "w7", "[UNK]", "w3")
    assert_array_equal(some.rows(), table.rows()[[0, 9, 1, 5]])
    assert_array_equal(some.vocabulary.counts, table.vocabulary.counts[[0, 9, 1, 5]])
    assert some.provenance.counts() == {"padding": 1, "unk": 1, "file": 2}
    assert some.vocabulary.ids(["w3 w4 w7"]).ids.tolist() == [3, 2, 1]


def test_select_must_begin_with_the_padding() -> None:
    with pytest.raises(WordgraftError, match="row 0 is the padding"):
        COMPASS.select(np.array([1, 0, 2]))


def test_a_deep_copy_shares_the_vectors() -> None:
    assert deepcopy(COMPASS) is COMPASS
    assert deepcopy([COMPASS])[0].vectors is COMPASS.vectors


def test_refining_leaves_the_first_table_alone() -> None:
    table = random_table()
    before = table.vectors.copy()
    refined = table.refine(Center())
    assert isinstance(refined, EmbeddingTable)
    assert_array_equal(table.vectors, before)
    assert "refinements" not in table.recipe


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": np.zeros((5, 2), np.float32)},
        {"vectors": np.zeros(6, np.float32)},
        {"provenance": Provenance.of("file", np.ones(5, np.int32))},
    ],
    ids=["rows", "shape", "provenance"],
)
def test_parts_of_different_sizes_make_no_table(change: dict[str, object]) -> None:
    with pytest.raises(TableError, match=r"vectors have shape .* for 6 words; all must agree"):
        replace(COMPASS, **change)


def test_provenance_counts_are_in_the_order_of_the_sources() -> None:
    provenance = Provenance.of(["zero", "padding", "pieces", "lookup", "pieces"], np.arange(5))
    assert list(provenance.counts().items()) == [
        ("padding", 1),
        ("lookup", 1),
        ("zero", 1),
        ("pieces", 2),
    ]
    assert provenance.empty.tolist() == [True, True, False, False, False]
    assert provenance.select(np.array([4, 0])).pieces.tolist() == [4, 0]


def test_a_table_is_an_array() -> None:
    words = table_of(["king", "queen"], [[3, 1], [3, -1]])
    assert words.shape == (4, 2)
    assert (np.asarray(words) == words.rows()).all()
    assert np.asarray(words.astype("int8")).dtype == np.float32


def test_a_missing_word_is_a_key_error_too() -> None:
    with pytest.raises(KeyError, match="'snow' has no row among 4; get a vector") as caught:
        table_of(["king", "queen"], [[3, 1], [3, -1]])["snow"]
    assert isinstance(caught.value, TableError)
    assert str(caught.value).startswith("'snow' has no row")
