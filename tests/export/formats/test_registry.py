"""What holds for every format."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from file_modes import umask, wrong_modes
from format_files import (
    write,
)
from numpy.testing import assert_allclose, assert_array_equal
from processes import finished
from tables import random_table, table_of

import wordgraft as wg
from wordgraft.errors import MissingExtraError, OutputError
from wordgraft.export.formats import (
    FORMATS,
)
from wordgraft.export.formats.reading import sniffed

ODD = table_of(
    ["new york", "new_york", "naïve", "🚀", "a\u00a0b", "x"],
    np.array([[1, 2], [3, 4], [1 / 3, -1e-30], [1e30, 2], [5, 6], [0, 0]], np.float32),
    counts=[9, 8, 7, 6, 5, 4],
)


@pytest.mark.parametrize("name", ["word2vec", "word2vec-binary", "glove", "fasttext", "npz"])
def test_a_table_comes_back_from_its_file(tmp_path: Path, name: str) -> None:
    table = random_table(3_000, 8)  # several blocks of rows
    path = tmp_path / ("v.npz" if name == "npz" else "v.vec" if name == "fasttext" else "v.txt")
    write = FORMATS[name].write
    assert write is not None
    assert write(table, path) == 0
    assert sniffed(path) == name
    back = wg.read_vectors(path)
    assert back.vocabulary.words == table.vocabulary.words
    assert_array_equal(back.vectors, table.vectors)  # the unk row with them
    assert back.provenance.counts()["file"] == 3_001
    if name == "npz":
        assert_array_equal(back.vocabulary.counts, table.vocabulary.counts)


@pytest.mark.parametrize(
    "name", ["model2vec", "sentence-transformers", "safetensors", "spacy", "gensim"]
)
def test_tables_come_back(tmp_path: Path, name: str) -> None:
    table = random_table(3_000, 8)
    path = write(table, name, tmp_path / "out")
    assert sniffed(path) == name
    back = wg.read_vectors(path, allow_pickle=True)
    assert back.vocabulary.words == table.vocabulary.words
    assert_array_equal(back.vectors[2:], table.vectors[2:])
    if name == "spacy":  # which has no row for unknown words
        assert_allclose(back.vectors[1], table.vectors[2:].mean(0), rtol=1e-4)
    else:
        assert_array_equal(back.vectors[1], table.vectors[1])
    assert_array_equal(
        back.vocabulary.ids(["w5, W6 nowhere"]).ids, table.vocabulary.ids(["w5, W6 nowhere"]).ids
    )
    assert back.recipe["format"] == name
    if name in ("safetensors", "gensim"):
        assert_array_equal(back.vocabulary.counts, table.vocabulary.counts)


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if not each.folder])
def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        FORMATS[name].write(ODD, path)
    assert path.read_text() == "mine"
    FORMATS[name].write(ODD, path, force=True)
    assert path.stat().st_size > 50
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.folder])
def test_only_folders_of_ours_are_replaced(tmp_path: Path, name: str) -> None:
    table = random_table(20, 4)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="is not replaced even with force=True"):
        write(table, name, tmp_path / "mine", force=True)
    folder = write(table, name, tmp_path / "out")
    with pytest.raises(OutputError, match="already exists"):
        write(table, name, folder)
    write(table, name, folder, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.write])
def test_files_follow_the_umask(tmp_path: Path, name: str) -> None:
    with umask(0o027):
        write(random_table(20, 4), name, tmp_path / "out")
    assert wrong_modes(tmp_path, 0o027) == {}


@pytest.mark.parametrize("name", ["gensim", "spacy"])
def test_a_library_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in [*sys.modules]:
        if module.partition(".")[0] == name:
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'wordgraft\[{name}\]'"):
        write(random_table(5, 2), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_other_formats_need_no_library_of_theirs(tmp_path: Path) -> None:
    barred = ["gensim", "spacy", "model2vec", "sentence_transformers", "torch"]
    random_table(50, 4).save(tmp_path / "t.table")
    code = (
        f"import sys; sys.modules |= dict.fromkeys({barred!r})\n"
        "import wordgraft as wg; from pathlib import Path\n"
        "from wordgraft.export.formats import FORMATS\n"
        "table = wg.EmbeddingTable.load('t.table')\n"
        "for name in FORMATS.keys() - {'gensim', 'spacy', 'hub'}:\n"
        "    path = Path(name + ('.npz' if name == 'npz' else ''))\n"
        "    FORMATS[name].write(table, path)\n"
        "    assert len(wg.read_vectors(path)) == 52, name\n"
        "print('all')"
    )
    done = finished([sys.executable, "-c", code], cwd=tmp_path)
    assert done.stdout == "all\n", done.stderr
