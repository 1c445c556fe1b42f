"""`wordgraft export`: files that other tools read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from commands import run

from wordgraft.table import EmbeddingTable


def test_export_writes_what_other_tools_read(texts_folder: Path) -> None:
    table = EmbeddingTable.load(texts_folder / "t.table")
    done = run("export", "t.table", "--to", "npz", "-o", "t.npz", cwd=texts_folder)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(texts_folder / "t.npz")["vectors"], table.rows())
    run("export", "t.table", "--to", "word2vec", "-o", "t.txt", cwd=texts_folder)
    from gensim.models import KeyedVectors

    read = KeyedVectors.load_word2vec_format(str(texts_folder / "t.txt"))
    np.testing.assert_array_equal(read["sun"], table["sun"])


def test_export_writes_a_row_for_each_word_known_or_not(texts_folder: Path, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    from wordgraft.oov import method_of

    (tmp_path / "more.txt").write_text("sun\nunheard\nSun\nsuns\nrain's\n")
    table = EmbeddingTable.load(texts_folder / "t.table")
    more = ["--to", "word2vec", "--words", tmp_path / "more.txt", "-o", tmp_path / "out.txt"]
    for oov, name in (([], "pieces"), (["--oov", "neighbours"], "neighbours")):
        done = run("export", "t.table", *more, *oov, "--force", cwd=texts_folder)
        assert done.returncode == 0, done.stderr
        assert (
            f"5 rows by source: 3 isolated, 2 {name}" in done.stdout or "possessive" in done.stdout
        )
        read = KeyedVectors.load_word2vec_format(str(tmp_path / "out.txt"))
        assert read.index_to_key == ["sun", "unheard", "Sun", "suns", "rain's"]
        np.testing.assert_array_equal(read["Sun"], table["sun"])
        np.testing.assert_allclose(read["rain's"], table["rain"], rtol=1e-6)
        expected = method_of(table, name).vectors(["unheard", "suns"])
        np.testing.assert_allclose([read["unheard"], read["suns"]], expected, rtol=1e-5)
    fitted = run("export", "t.table", *more, "--oov", "encoder", "--force", cwd=texts_folder)
    assert fitted.returncode == 0, fitted.stderr
    assert "fitting oov encoder to the table, which carries pieces" in fitted.stderr
    assert "2 encoder" in fitted.stdout


def test_a_list_keeps_its_order_and_every_entry(texts_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("rain\n\nSun\nsun\nrain\n")
    table = EmbeddingTable.load(texts_folder / "t.table")
    options = ["--to", "npz", "--words", tmp_path / "words.txt", "-o", tmp_path / "rows.npz"]
    done = run("export", "t.table", *options, cwd=texts_folder)
    assert done.returncode == 0, done.stderr
    archive = np.load(tmp_path / "rows.npz")
    assert archive["words"].tolist() == ["rain", "", "Sun", "sun", "rain"]
    expected = [table["rain"], np.zeros(table.dims), table["sun"], table["sun"], table["rain"]]
    assert (archive["vectors"] == np.float32(expected)).all()
