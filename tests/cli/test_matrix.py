"""`wordgraft matrix`: a file whose row i is the word with id i."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from commands import run

from wordgraft.table import EmbeddingTable


def test_rows_are_in_the_order_of_the_ids(texts_folder: Path, tmp_path: Path) -> None:
    table = EmbeddingTable.load(texts_folder / "t.table")
    vocabulary = {"<pad>": 0, "rain": 5, "sun": 2, "nil": 3}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    done = run(
        *("matrix", "t.table", "--vocabulary", tmp_path / "vocab.json"),
        *("--special", "nil=unk", "-o", tmp_path / "w.npy"),
        cwd=texts_folder,
    )
    assert done.returncode == 0, done.stderr
    rows = np.load(tmp_path / "w.npy")
    assert rows.shape == (6, table.dims)
    assert (rows[[5, 2]] == [table["rain"], table["sun"]]).all()
    assert (rows[3] == table.rows([1])).all()
    assert "6 rows of 32 numbers for 4 entries" in done.stdout
    assert "ids without an entry, rows of zeros: 1, 4" in done.stdout


def test_a_checkpoint_is_fitted_to_the_network(texts_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("<pad>\nsun\nrain\ncold\n")
    done = run(
        *("matrix", "bert", "--vocabulary", tmp_path / "words.txt", "--source", "composed"),
        *("--dims", 2, "--scale", 0.1, "--rows", 8, "-o", tmp_path / "w.npz"),
        cwd=texts_folder,
    )
    assert done.returncode == 0, done.stderr
    rows = np.load(tmp_path / "w.npz")["vectors"]
    assert rows.shape == (8, 2)
    assert np.isclose(np.sqrt(np.square(rows[1:4]).mean()), 0.1)
    assert "variance kept by 2 dims: " in done.stdout


def test_wrong_usage(texts_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("sun\n")
    start = ["matrix", "t.table", "--vocabulary", tmp_path / "words.txt"]
    bad_role = run(*start, "--special", "sun", "-o", tmp_path / "w.npy", cwd=texts_folder)
    assert bad_role.returncode == 2
    assert "expected ENTRY=ROLE" in bad_role.stderr
    bad_name = run(*start, "-o", tmp_path / "w.txt", cwd=texts_folder)
    assert bad_name.returncode == 1
    assert "the name must end in .npy, .npz, .safetensors" in bad_name.stderr
    assert not (tmp_path / "w.txt").exists()


def test_help_has_an_example() -> None:
    assert "Example: wordgraft matrix" in run("matrix", "--help").stdout
