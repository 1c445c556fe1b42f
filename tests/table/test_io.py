"""A table on disk: what comes back, what is refused, and nothing half-written."""

from __future__ import annotations

import errno
import json
import mmap
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file
from tables import random_table, vocabulary_of
from tokenizers import Tokenizer

from wordgraft import EmbeddingTable
from wordgraft.errors import OutputError, TableError
from wordgraft.table import Affine, Center, OovState

MOVE = Affine(np.eye(8, dtype=np.float32) * 2, np.arange(8, dtype=np.float32))
OOV = OovState("pieces", {"rows": np.arange(24, dtype=np.float16).reshape(3, 8)}, {"a": "ä"}, MOVE)
TABLE = random_table(recipe={"source": "file", "layer": 3}, oov=OOV, move=MOVE)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    TABLE.save(tmp_path / "news.table")
    return tmp_path / "news.table"


def _describe(saved: Path, **changes: Any) -> None:
    """Alter `table.json` and give it the hashes of the files as they are now."""
    description = json.loads((saved / "table.json").read_text())
    names = [name for name in description["sha256"] if (saved / name).is_file()]
    hashes = {name: sha256((saved / name).read_bytes()).hexdigest() for name in names}
    content = description | {"sha256": hashes} | changes
    (saved / "table.json").write_text(json.dumps(content))


def _alter_arrays(saved: Path, **changes: np.ndarray) -> None:
    path = saved / "vectors.safetensors"
    arrays = load_file(path) | {name.replace("_", "."): array for name, array in changes.items()}
    save_file(arrays, path)
    _describe(saved)


def _alter_words(saved: Path, words: list[str]) -> None:
    (saved / "tokenizer.json").write_text(vocabulary_of(words).tokenizer.to_str())
    _describe(saved)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_everything_comes_back(tmp_path: Path, dtype: str) -> None:
    table = TABLE.astype(dtype)
    table.save(tmp_path / "t")
    loaded = EmbeddingTable.load(tmp_path / "t")
    assert loaded.vectors.dtype == dtype
    assert_array_equal(loaded.vectors, table.vectors)
    assert_array_equal(loaded.rows(), table.rows())
    assert (loaded.scales is None) == (dtype != "int8")
    assert loaded.vocabulary.words == table.vocabulary.words
    assert loaded.vocabulary.roles == {"pad": 0, "unk": 1}
    assert_array_equal(loaded.vocabulary.counts, table.vocabulary.counts)
    for name, values in table.provenance.arrays().items():
        assert_array_equal(loaded.provenance.arrays()[name], values)
    assert loaded.recipe == {"source": "file", "layer": 3, "dtype": dtype}
    assert loaded.oov is not None
    assert (loaded.oov.method, loaded.oov.settings) == ("pieces", {"a": "ä"})
    assert list(loaded.oov.arrays) == ["rows"]
    assert_array_equal(loaded.oov.arrays["rows"], OOV.arrays["rows"])
    for move in (loaded.oov.move, loaded.move):
        assert move is not None
        assert_array_equal(move.matrix, MOVE.matrix)
        assert_array_equal(move.shift, MOVE.shift)


def test_a_table_without_an_oov_method_is_loaded_without_one(tmp_path: Path) -> None:
    random_table().save(tmp_path / "t")
    assert sorted(file.name for file in (tmp_path / "t").iterdir()) == [
        "table.json",
        "tokenizer.json",
        "vectors.safetensors",
    ]
    assert EmbeddingTable.load(tmp_path / "t").oov is None


def test_vectors_are_mapped_and_read_only(saved: Path) -> None:
    loaded = EmbeddingTable.load(saved)
    base: Any = loaded.vectors
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded.vectors[2, 0] = 1


def test_other_libraries_read_the_files(saved: Path) -> None:
    tokenizer = Tokenizer.from_file(str(saved / "tokenizer.json"))
    text = "W3 w199, w200 w0"
    assert tokenizer.encode(text).ids == TABLE.vocabulary.ids([text]).ids.tolist()
    assert tokenizer.encode(text).ids == [5, 201, 1, 1, 2]
    arrays = load_file(saved / "vectors.safetensors")
    assert_array_equal(arrays["vectors"], TABLE.vectors)
    assert_array_equal(arrays["counts"], TABLE.vocabulary.counts)


def test_saving_twice_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    EmbeddingTable.load(saved).save(tmp_path / "again")
    for file in saved.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_a_table_that_exists_is_kept_unless_forced(saved: Path) -> None:
    other = random_table(seed=1)
    with pytest.raises(OutputError, match=r"news\.table already exists; .*force=True"):
        other.save(saved)
    assert_array_equal(EmbeddingTable.load(saved).vectors, TABLE.vectors)
    other.save(saved, force=True)
    assert_array_equal(EmbeddingTable.load(saved).vectors, other.vectors)


def test_a_mapped_table_may_be_replaced_by_its_own_refinement(saved: Path) -> None:
    table = EmbeddingTable.load(saved)
    table.refine(Center()).save(saved, force=True)
    assert_array_equal(table.vectors, TABLE.vectors)
    expected = TABLE.refine(Center()).vectors
    assert_array_equal(EmbeddingTable.load(saved).vectors, expected)


def test_a_folder_that_is_no_table_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match=r"not a folder that contains table\.json, so it is not"):
        TABLE.save(tmp_path / "home", force=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(OSError(errno.ENOSPC, "full"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=["full disk", "Ctrl-C"],
)
@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_while_writing_leaves_what_was_there(
    tmp_path: Path,
    failure: BaseException,
    raised: type[BaseException],
    exists: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if exists:
        TABLE.save(tmp_path / "t")

    def fail(*_: object) -> None:
        raise failure

    # The hashes are taken last: by then all the other files are written.
    monkeypatch.setattr("wordgraft.table.io.sha256", fail)
    message = "the disk is full; free some" if raised is OutputError else None
    with pytest.raises(raised, match=message):
        random_table(seed=1).save(tmp_path / "t", force=True)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["t"] * exists
    if exists:
        assert_array_equal(EmbeddingTable.load(tmp_path / "t").vectors, TABLE.vectors)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_not_written(tmp_path: Path, value: float) -> None:
    vectors = TABLE.vectors.copy()
    vectors[7, 3] = value
    with pytest.raises(TableError, match="the vectors hold NaN or infinite values"):
        replace(TABLE, vectors=vectors).save(tmp_path / "t")
    assert not [*tmp_path.iterdir()]


def _flip_a_byte(saved: Path) -> None:
    data = bytearray((saved / "vectors.safetensors").read_bytes())
    data[-1] ^= 1
    (saved / "vectors.safetensors").write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "bit": (_flip_a_byte, r"vectors\.safetensors is not what was saved .*copy the folder again"),
    "words": (
        lambda t: (t / "tokenizer.json").write_text("{}"),
        r"tokenizer\.json is not what was saved \(its hash differs from the one in table\.json\)",
    ),
    "missing": (
        lambda t: (t / "vectors.safetensors").unlink(),
        r"news\.table lacks vectors\.safetensors; copy the whole folder again or rebuild it",
    ),
    "missing method": (lambda t: (t / "oov.json").unlink(), "lacks oov.json"),
    "missing state": (
        lambda t: (t / "oov.safetensors").unlink(),
        "lacks oov.safetensors",
    ),
    "marker": (
        lambda t: (t / "table.json").unlink(),
        r"is not a table: it has no table\.json; make one with 'wordgraft table'",
    ),
    "JSON": (lambda t: (t / "table.json").write_text("{"), r"table\.json cannot be read"),
    "list": (lambda t: (t / "table.json").write_text("[1]"), r"table\.json cannot be read"),
    "key": (
        lambda t: (t / "table.json").write_text('{"format": 1}'),
        r"table\.json cannot be read \('roles'\); rebuild the table",
    ),
    "newer": (
        lambda t: _describe(t, format=2),
        "has format 2; this wordgraft reads up to 1: pip install --upgrade wordgraft",
    ),
    "format": (lambda t: _describe(t, format="first"), r"table\.json cannot be read"),
    "unhashed": (lambda t: _describe(t, sha256={}), r"vectors\.safetensors is not what was saved"),
    "hashes": (lambda t: _describe(t, sha256=[1, 2]), r"table\.json cannot be read"),
    "outside": (
        lambda t: _describe(t, sha256={"../../secret": "0"}),
        r"vectors\.safetensors is not what",
    ),
    "NaN": (
        lambda t: _alter_arrays(t, vectors=np.where(TABLE.vectors > 4, np.nan, TABLE.vectors)),
        r"holds NaN or infinite vectors \(of \['w",
    ),
    "padding": (lambda t: _alter_arrays(t, vectors=TABLE.vectors + 1), "row 0 is the padding"),
    "rows": (
        lambda t: _alter_arrays(t, vectors=TABLE.vectors[:-1]),
        r"has 201 rows, tokenizer\.json has 202 ids up to 201; rebuild the table",
    ),
    "fewer ids": (
        lambda t: _alter_words(t, ["a", "b"]),
        r"has 202 rows, tokenizer\.json has 4 ids up to 3; rebuild the table",
    ),
    "counts": (lambda t: _alter_arrays(t, counts=np.arange(3)), r"202 words have 3 counts"),
    "roles": (lambda t: _describe(t, roles={"pad": 1}), r"expected pad at row 0"),
    "provenance": (
        lambda t: _alter_arrays(t, provenance_source=np.zeros(3, np.uint8)),
        r"provenance 3 rows for 202 words; all must agree",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_table_says_what_is_wrong(
    saved: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(saved)
    with pytest.raises(TableError, match=message):
        EmbeddingTable.load(saved)


def test_a_file_outside_the_folder_is_never_opened(saved: Path) -> None:
    secret = saved.parent / "secret"
    secret.write_text("secret")
    hashes = json.loads((saved / "table.json").read_text())["sha256"]
    hashes["../secret"] = sha256(b"secret").hexdigest()
    _describe(saved, sha256=hashes)
    with pytest.raises(TableError, match=r"lacks \.\./secret"):
        EmbeddingTable.load(saved)


def test_there_is_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is not a table: there is no such folder; make one with"):
        EmbeddingTable.load(tmp_path / "t")
