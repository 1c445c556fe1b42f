"""The matrix: the caller's ids, width, scale and number of rows; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tables import random_table, table_of

import wordgraft as wg
from wordgraft.errors import TableError, VocabularyError

TABLE = table_of(["sun", "rain", "snow"], [[3, 0], [0, 4], [1, 1]])


def test_rows_are_in_the_caller_s_order_and_exactly_the_table_s() -> None:
    table = random_table()
    words = ["<pad>", "<unk>", *(f"w{i}" for i in np.random.default_rng(0).permutation(200))]
    matrix = wg.embedding_matrix(table, words)
    assert (matrix.vectors[2:] == np.stack([table[word] for word in words[2:]])).all()
    assert not matrix.vectors[0].any()
    assert matrix.shape == (202, 8)
    assert np.asarray(matrix).dtype == np.float32


def test_gaps_are_zeros_and_reported() -> None:
    matrix = wg.embedding_matrix(TABLE, {"sun": 1, "rain": 5}, rows=8)
    assert matrix.vectors.tolist() == [[0, 0], [3, 0], *[[0, 0]] * 3, [0, 4], *[[0, 0]] * 2]
    assert matrix.report.unnamed == ((0, 0), (2, 4), (6, 7))
    assert matrix.provenance.counts() == {"zero": 6, "file": 2}
    assert "ids without an entry, rows of zeros: 0, 2 to 4, 6 to 7" in str(matrix.report)


def test_apple_and_apple_keep_a_row_each(tiny_checkpoint: Callable[[str], Path]) -> None:
    path = str(tiny_checkpoint("bert"))
    matrix = wg.embedding_matrix(path, {"Sun": 0, "sun": 1, "rain sun": 2, "rain_sun": 3})
    assert (matrix.vectors[0] == matrix.vectors[1]).all()
    assert matrix.vectors[0].any()
    assert (matrix.vectors[2] == matrix.vectors[3]).all()
    assert np.linalg.norm(matrix.vectors[2] - matrix.vectors[1]) > 0.1


def test_one_word_has_a_vector(tiny_checkpoint: Callable[[str], Path]) -> None:
    """Centering would leave nothing of it."""
    matrix = wg.embedding_matrix(str(tiny_checkpoint("bert")), {"sun": 0})
    assert np.sqrt(np.square(matrix.vectors).mean()) == pytest.approx(0.3)


def test_dims_keep_the_variance_that_they_report() -> None:
    table = random_table(dims=8)
    words = [f"w{i}" for i in range(200)]
    whole = wg.embedding_matrix(table, words).vectors
    fitted = wg.embedding_matrix(table, ["<pad>", *words], dims=3)
    centered = whole - whole.mean(axis=0)
    singular = np.linalg.svd(centered, compute_uv=False) ** 2
    assert fitted.report.variance_kept == pytest.approx(singular[:3].sum() / singular.sum())
    assert fitted.shape == (201, 3)
    assert not fitted.vectors[0].any()
    rms = [float(np.sqrt(np.square(rows).mean())) for rows in (whole, fitted.vectors[1:])]
    assert rms[0] == pytest.approx(rms[1], rel=1e-5)
    cosines = np.corrcoef(fitted.vectors[1:].T)
    assert np.abs(cosines - np.eye(3)).max() < 1e-4


def test_scale_is_a_number_or_that_of_other_weights() -> None:
    words = ["<pad>", "sun", "rain"]
    old = np.full((3, 2), 0.02, np.float32)
    for scale in (0.02, old):
        vectors = wg.embedding_matrix(TABLE, words, scale=scale).vectors
        assert np.sqrt(np.square(vectors[1:]).mean()) == pytest.approx(0.02)
        assert not vectors[0].any()
        assert vectors[1, 0] / vectors[2, 1] == pytest.approx(3 / 4)


def test_folders_and_files_are_opened(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "words.table")
    (tmp_path / "glove.txt").write_text("sun 3 0\nrain 0 4\n")
    for path in (tmp_path / "words.table", str(tmp_path / "glove.txt")):
        assert wg.embedding_matrix(path, ["rain"]).vectors.tolist() == [[0, 4]]


def test_refinements_and_oov_of_a_table() -> None:
    matrix = wg.embedding_matrix(
        TABLE, ["sun", "suns"], oov="mean", refinements=[wg.table.Scale(1.0)]
    )
    scaled = TABLE.refine(wg.table.Scale(1.0))
    assert (matrix.vectors[0] == scaled["sun"]).all()
    assert matrix.vectors[1] == pytest.approx(scaled.rows(scaled.word_rows).mean(axis=0))
    assert matrix.report.not_found == ("suns",)


def test_a_repeated_word_has_two_rows_and_is_reported() -> None:
    matrix = wg.embedding_matrix(TABLE, ["sun", "sun"])
    assert matrix.vectors.tolist() == [[3, 0], [3, 0]]
    assert "more than once, each with its own row: 1" in str(matrix.report)


def test_an_unnamed_unknown_word_is_reported() -> None:
    note = "no entry stands for unknown words"
    assert note in str(wg.embedding_matrix(TABLE, ["sun"]).report)
    assert note not in str(wg.embedding_matrix(TABLE, ["sun", "X"], special={"X": "unk"}).report)


@pytest.mark.parametrize(
    ("words", "options", "error", "message"),
    [
        ({"sun": 10**9}, {}, VocabularyError, r"'sun' is 1,000,000,000: .* takes 8 GB, and 1 of"),
        (["sun"], {"rows": 0}, VocabularyError, "rows=0 is too few: the id of 'sun' is 0"),
        (["sun"], {"dims": 3}, TableError, "dims is 3; vectors of 2 numbers can be fitted to 1"),
        (["sun"], {"scale": 0}, TableError, "scale is 0; expected a root-mean-square above 0"),
        (["sun"], {"source": "composed"}, TableError, "source has no effect on vectors"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: object, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        wg.embedding_matrix(TABLE, words, **options)  # type: ignore[arg-type]
