"""`wordgraft table --from-file` and `export --to` of what it makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import run
from numpy.testing import assert_array_equal

import wordgraft as wg
from wordgraft.table import default_refinements

LINES = ["the 1 2", "sun 3 5", "rain -1 4", "co-op 7 7", "<unk> 1 1"]


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    path = tmp_path / "glove.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_a_file_goes_through_the_same_grafts(vectors: Path, tmp_path: Path) -> None:
    done = run("table", "--from-file", vectors, "-o", "g.table", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 words, glove" in done.stdout
    assert "the rule for text splits 1 of the 4 words" in done.stderr
    table = wg.EmbeddingTable.load(tmp_path / "g.table")
    raw = wg.read_vectors(vectors)
    refined = raw.refine(*default_refinements(raw.vocabulary))
    np.testing.assert_allclose(table.rows(), refined.rows(), rtol=1e-6)
    assert wg.method_of(table).name == "unk"
    lines = ["text,label", *["the sun,good", "the rain,bad"] * 20]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    arguments = ["--table", "g.table", "-o", "m", "--network", "bag", "--epochs", "30"]
    trained = run("train", "train.csv", *arguments, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert run("predict", "m", "the sun", cwd=tmp_path).stdout.splitlines()[1].startswith("good")


def test_raw_rows_and_the_words_of_texts(vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("The sun, the SUN and the rain\n")
    options = ["--texts", "t.txt", "--refine", "none", "--oov", "zero", "--min-count", "2"]
    done = run("table", "--from-file", vectors, "-o", "g.table", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "75.0% of the tokens of the texts are in the file" in done.stdout
    table = wg.EmbeddingTable.load(tmp_path / "g.table")
    assert table.vocabulary.words[2:] == ("the", "sun")
    assert table.vocabulary.counts.tolist() == [0, 0, 3, 2]
    assert_array_equal(table.rows(), [[0, 0], [0, 0], [1, 2], [3, 5]])


def test_a_method_is_fitted_to_the_files_vectors(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    words = ["rain", "rains", "raining", "sun", "suns", "tree", "trees", "garden"]
    rows = [" ".join([word, *(f"{x:.3f}" for x in rng.normal(size=4))]) for word in words]
    (tmp_path / "g.txt").write_text("\n".join(rows) + "\n")
    start = ["table", "--from-file", tmp_path / "g.txt", "--refine", "none"]
    done = run(*start, "--oov", "neighbours", "-o", tmp_path / "n.table")
    assert done.returncode == 0, done.stderr
    table = wg.EmbeddingTable.load(tmp_path / "n.table")
    found = wg.method_of(table).vectors(["gardens"])[0]
    assert wg.method_of(table).name == "neighbours"
    cosine = found @ table["garden"] / np.linalg.norm(found) / np.linalg.norm(table["garden"])
    assert cosine > 0.8
    pieces = [tiny_checkpoint("bert"), "--oov", "pieces"]
    done = run(*start, *pieces, "-o", tmp_path / "p.table")
    assert done.returncode == 0, done.stderr
    assert wg.method_of(wg.EmbeddingTable.load(tmp_path / "p.table")).name == "pieces"


def test_texts_of_another_language(vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("солнце дождь\n")
    done = run("table", "--from-file", vectors, "-o", "g", "--texts", "t.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "none of 2 words is among the 6 of the file; check that language and" in done.stderr


def test_listed_words_and_the_first_words(vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("Rain\nmoon\nsun\n")
    options = ["--refine", "none", "--quiet"]
    for name, more in {"a": ["--words", "w.txt"], "b": ["--max-words", "2"]}.items():
        done = run("table", "--from-file", vectors, "-o", name, *options, *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    load = wg.EmbeddingTable.load
    assert load(tmp_path / "a").vocabulary.words[2:] == ("rain", "sun")
    assert load(tmp_path / "b").vocabulary.words[2:] == ("the", "sun")
    assert_array_equal(load(tmp_path / "b").rows([1]), [[1, 1]])


def test_a_checkpoint_says_how_text_is_cut(
    vectors: Path, tmp_path: Path, tiny_checkpoint: Callable[[str], Path]
) -> None:
    done = run("table", tiny_checkpoint("roberta"), "--from-file", vectors, "-o", tmp_path / "t")
    assert done.returncode == 0, done.stderr
    table = wg.EmbeddingTable.load(tmp_path / "t")
    assert table.vocabulary.words[:3] == ("<pad>", "<unk>", "the")
    assert table.vocabulary.segment("The sun") == ["The", "sun"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--oov", "encoder"], 2, "'encoder' is not one of unk, zero"),
        (["--oov", "pieces"], 1, "oov pieces needs the checkpoint whose pieces they are"),
        (["--from-format", "xml"], 2, "'xml' is not one of "),
        (["--min-count", "2"], 2, "--min-count has no effect without --texts"),
        (["--from-format", "word2vec"], 1, "a file without them has the format glove"),
        (["--refine", "scale:-1"], 1, "expected a number above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_cannot_be(
    vectors: Path, tmp_path: Path, options: list[str], code: int, message: str
) -> None:
    done = run("table", "--from-file", vectors, "-o", tmp_path / "t", *options)
    assert done.returncode == code
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["glove.txt"]


def test_folders_are_exported_and_read_back(vectors: Path, tmp_path: Path) -> None:
    run("table", "--from-file", vectors, "-o", "g.table", "--quiet", cwd=tmp_path)
    table = wg.EmbeddingTable.load(tmp_path / "g.table")
    done = run("export", "g.table", "--to", "model2vec", "-o", "m", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "m: 0.0 MB\n"
    raw = ["--refine", "none", "-o"]
    assert run("table", "--from-file", "m", *raw, "a", cwd=tmp_path).returncode == 0
    assert_array_equal(wg.EmbeddingTable.load(tmp_path / "a").rows(), table.rows())
    assert run("export", "g.table", "--to", "gensim", "-o", "g.kv", cwd=tmp_path).returncode == 0
    refused = run("table", "--from-file", "g.kv", *raw, "b", cwd=tmp_path)
    assert refused.returncode == 1
    assert "g.kv is a pickle (gensim KeyedVectors), and reading one can run any" in refused.stderr
    allowed = run("table", "--from-file", "g.kv", "--allow-pickle", *raw, "b", cwd=tmp_path)
    assert allowed.returncode == 0, allowed.stderr
    assert_array_equal(wg.EmbeddingTable.load(tmp_path / "b").rows(), table.rows())


def test_words_with_whitespace_are_escaped_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("sun 1 2\n. . . 3 4\nnew york 5 6\nnew_york 7 8\n")
    raw = ["--refine", "none", "--quiet", "-o", "t"]
    assert run("table", "--from-file", "v.txt", *raw, cwd=tmp_path).returncode == 0
    done = run("export", "t", "--to", "word2vec", "-o", "out.txt", cwd=tmp_path)
    assert done.returncode == 0
    assert (
        "2 words contain whitespace, which word2vec does not allow: written with _, or left out"
        in done.stderr
    )
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert lines == ["4 2", "[UNK] 4 5", "sun 1 2", "._._. 3 4", "new_york 7 8"]
