"""Files of word vectors, good and bad, as tables."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from numpy.testing import assert_array_equal
from tables import random_table, table_of

import wordgraft as wg
from wordgraft.errors import DataError
from wordgraft.export.formats import FORMATS
from wordgraft.export.formats.reading import sniffed
from wordgraft.export.formats.selection import keep_words, with_constant_oov

WORDS = ["the", "sun", "co-operate", "café", "🚀", "</s>", "u.s."]
ROWS = np.random.default_rng(3).normal(size=(len(WORDS), 5)).astype(np.float32)


def _gensim(rows: np.ndarray = ROWS, words: list[str] = WORDS) -> KeyedVectors:
    vectors = KeyedVectors(rows.shape[1])
    vectors.add_vectors(words, rows)
    return vectors


def _lines(words: list[str] = WORDS, rows: np.ndarray = ROWS, end: str = "\n") -> bytes:
    """As GloVe and fastText write them, apart from the header."""
    lines = (
        f"{w} {' '.join(f'{x:.9g}' for x in row)}{end}" for w, row in zip(words, rows, strict=True)
    )
    return "".join(lines).encode()


def _file(tmp_path: Path, content: bytes, name: str = "v.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def _check(table: wg.EmbeddingTable) -> None:
    assert table.vocabulary.words == ("[PAD]", "[UNK]", *WORDS)
    assert_array_equal(table.vectors[2:], ROWS)
    assert not table.vectors[0].any()
    np.testing.assert_allclose(table.vectors[1], ROWS.mean(0), rtol=1e-6)
    assert table.provenance.counts() == {"padding": 1, "unk": 1, "file": len(WORDS)}
    assert table.recipe["source"] == "file"


@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_writes_is_read_to_the_last_bit(tmp_path: Path, binary: bool) -> None:
    _gensim().save_word2vec_format(str(tmp_path / "v.bin"), binary=binary)
    table = wg.read_vectors(tmp_path / "v.bin")
    assert table.recipe["format"] == ("word2vec-binary" if binary else "word2vec")
    _check(table)


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("glove.txt", _lines(), "glove"),
        ("windows.txt", _lines(end="\r\n"), "glove"),
        ("no-end.txt", _lines().rstrip(), "glove"),
        ("mark.txt", b"\xef\xbb\xbf" + _lines(), "glove"),
        ("wiki.vec", b"7 5\n" + _lines(end=" \n"), "fasttext"),
        ("tabs.txt", b"7\t5\n" + _lines().replace(b" ", b"\t"), "word2vec"),
        ("packed.vec.gz", gzip.compress(b"7 5\n" + _lines(end=" \n")), "fasttext"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text_in_every_guise(tmp_path: Path, name: str, content: bytes, format: str) -> None:
    path = _file(tmp_path, content, name)
    assert sniffed(path) == format
    _check(wg.read_vectors(path))


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


def test_gensim_reads_our_binary(tmp_path: Path) -> None:
    table = random_table(3_000, 8)
    write = FORMATS["word2vec-binary"].write
    assert write is not None
    write(table, tmp_path / "v.bin")
    read = KeyedVectors.load_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    assert read.index_to_key == list(table.vocabulary.words[1:])
    assert_array_equal(read.vectors, table.rows()[1:])


def test_the_words_decide_about_case_and_accents(tmp_path: Path) -> None:
    lower = wg.read_vectors(_file(tmp_path, _lines()))
    assert lower.vocabulary.segment("The SUN, Café!") == ["the", "sun", ",", "café", "!"]
    plain = wg.read_vectors(_file(tmp_path, _lines(["the", "cafe"], ROWS[:2])))
    assert plain.vocabulary.segment("The Café") == ["the", "cafe"]
    cased = wg.read_vectors(_file(tmp_path, _lines(["the", "The", "Sun"], ROWS[:3])))
    assert cased.vocabulary.segment("The Sun") == ["The", "Sun"]
    assert cased.recipe["segmentation"] == "BERT words, cased, without accents"
    ids = cased.vocabulary.ids(["the The moon"]).ids
    assert_array_equal(cased.rows(ids)[:2], ROWS[:2])
    assert ids[2] == cased.vocabulary.roles["unk"]


def test_a_checkpoint_cuts_as_it_does(
    tmp_path: Path, tiny_checkpoint: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = wg.open_checkpoint(tiny_checkpoint("bert"))  # uncased
    path = _file(tmp_path, _lines(["The", "the", "Sun", "SUN", "co-op"], ROWS[:5]))
    table = wg.read_vectors(path, checkpoint=checkpoint)
    assert table.vocabulary.words[2:] == ("the", "sun", "co-op")
    assert_array_equal(table["the"], ROWS[1])  # as it stands, before what becomes it
    assert_array_equal(table["Sun"], ROWS[2])  # the first
    assert_array_equal(table["co-op"], ROWS[4])
    np.testing.assert_allclose(table.vectors[1], ROWS[[1, 2, 4]].mean(0), rtol=1e-6)
    assert table.recipe["checkpoint"] == str(tiny_checkpoint("bert"))
    assert table.provenance.pieces[4] > 1
    assert "2 of 5 words become equal to another word" in caplog.text


def test_roles_of_the_file_are_used(tmp_path: Path) -> None:
    words = ["the", "<unk>", "sun", "<pad>"]
    table = wg.read_vectors(_file(tmp_path, _lines(words, ROWS[:4])))
    assert table.vocabulary.words == ("[PAD]", "[UNK]", "the", "sun")
    assert_array_equal(table.vectors, np.stack([0 * ROWS[0], ROWS[1], ROWS[0], ROWS[2]]))
    assert table.provenance.counts() == {"padding": 1, "file": 3}


def test_repeated_words_keep_the_first_vector_and_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["the", "sun", "the", "rain", "sun", "<unk>", "rain"]
    table = wg.read_vectors(_file(tmp_path, _lines(words, ROWS)))
    assert table.vocabulary.words[2:] == ("the", "sun", "rain")
    assert_array_equal(table.vectors[1:], ROWS[[5, 0, 1, 3]])
    assert "3 words are repeated; the first vector of each is used" in caplog.text


def test_words_with_spaces_as_in_glove(tmp_path: Path) -> None:
    table = wg.read_vectors(_file(tmp_path, _lines(["the", ". . .", "at x@y.com"], ROWS[:3])))
    assert table.vocabulary.words[2:] == ("the", ". . .", "at x@y.com")
    assert_array_equal(table[". . ."], ROWS[1])


def test_words_that_text_does_not_reach_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "wordgraft"):
        table = wg.read_vectors(_file(tmp_path, _lines(["sun", "co-op", "u.s.", "x"], ROWS[:4])))
    assert table.recipe["words_cut"] == 2
    assert "the rule that cuts text splits 2 of 4 words" in caplog.text


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "v.txt", r"is empty"),
        (b"3 2\n", "v.txt", r"announces 3 words, but 0 lines follow"),
        (b"0 2\n", "v.txt", r"has no words"),
        (
            b"3 2\na 1 2\nb 1 2\n",
            "v.txt",
            r"announces 3 words, but 2 lines follow; download the file again",
        ),
        (b"1 2\na 1 2\nb 1 2\n", "v.txt", r"announces 1 words, but 2 lines follow"),
        (
            b"a 1 2\nb 1\nc 1 2\n",
            "v.txt",
            r"line 2: expected a word and 2 numbers, found 1 numbers",
        ),
        (b"a 1 2\nb 1 2 3\nc 1 x\n", "v.txt", r"line 3: expected 2 numbers .* found '1 x'"),
        (b"a 1 2\n\nc 1 2\n", "v.txt", r"line 2: expected a word and 2 numbers, found 0"),
        (b"a 1 2\n 1 2\n", "v.txt", r"line 2"),
        (b"a 1 2\nb  1\n", "v.txt", r"line 2"),
        (b"a 1 2\nb nan 2\n", "v.txt", r"the vector of 'b' \(word 2\) has NaN"),
        (b"2 2\na 1 2\nb 2 inf\n", "v.txt", r"the vector of 'b' \(word 2\) has NaN or an inf"),
        (b"a 1 2\ncaf\xe9 1 2\n", "v.txt", r"line 2: the word b'caf\\xe9' is not UTF-8 .*iconv"),
        (b"just words and words\n", "v.txt", r"does not look like any of model2vec"),
        (b"PK\x03\x04rest", "glove.zip", r"is a zip archive; unpack it"),
        (b"9 1\na \0\0\0\0", "v.bin", r"has 10 bytes, 9 words of 1 need 54; the file is truncated"),
        (b"2 1\na \0\0\0\0\nbbbbb \0", "v.bin", r"ends in word 2 of 2; the file is truncated"),
        (b"1 1\na \0\0\0\0\nb \0\0\0\0", "v.bin", r"1 words of 1 numbers, but more data follows"),
        (b"1 1\n\xe9a \0\0\0\0", "v.bin", r"word 1: the word .* is not UTF-8"),
        (b"1 1\na \0\0\xc0\x7f", "v.bin", r"the vector of 'a' \(word 1\) has NaN"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "v.bin", r"is a fastText model, not a file of vectors"),
        (b"not gzip", "v.txt.gz", r"v.txt.gz cannot be read"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_files(tmp_path: Path, content: bytes, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wg.read_vectors(_file(tmp_path, content, name))


def test_a_header_that_announces_more_than_memory(tmp_path: Path) -> None:
    content = gzip.compress(b"99999999999999 300\na " + bytes(1200))
    with pytest.raises(DataError, match="announces 99,999,999,999,999 words of 300 numbers"):
        wg.read_vectors(_file(tmp_path, content, "v.bin.gz"))


def test_no_file_and_no_format(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        wg.read_vectors(tmp_path / "no.txt")
    with pytest.raises(DataError, match="unknown format 'xml'; the formats are"):
        wg.read_vectors(_file(tmp_path, _lines()), format="xml")
    with pytest.raises(DataError, match="a file without them has the format glove"):
        wg.read_vectors(_file(tmp_path, _lines()), format="word2vec")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"rows": ROWS}, "has the arrays rows; expected vectors and words"),
        (
            {"vectors": ROWS, "words": np.array(WORDS[:3])},
            "expected one word and one count per row",
        ),
        ({"vectors": ROWS, "words": np.array(WORDS, object)}, "cannot be read as .npz"),
        ({"vectors": ROWS * np.nan, "words": np.array(WORDS)}, "'the' .word 1. has NaN"),
    ],
)
def test_bad_archives(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(DataError, match=message):
        wg.read_vectors(tmp_path / "v.npz")


def test_an_archive_without_roles_and_with_repeats(tmp_path: Path) -> None:
    words = ["the", "sun", "the", "[UNK]"]
    np.savez(tmp_path / "v.npz", vectors=ROWS[:4], words=np.array(words), counts=[4, 3, 2, 1])
    table = wg.read_vectors(tmp_path / "v.npz")
    assert_array_equal(table.vectors[1:], ROWS[[3, 0, 1]])
    assert table.vocabulary.counts.tolist() == [0, 0, 4, 3]


def test_only_some_words_with_counts() -> None:
    table = table_of(["a", "b", "c"], ROWS[:3])
    some = keep_words(table, {"c": 5, "x": 9, "a": 2, "A": 1})
    assert some.vocabulary.words == ("[PAD]", "[UNK]", "c", "a")
    assert some.vocabulary.counts.tolist() == [0, 0, 5, 2]
    assert_array_equal(some.vectors[2:], ROWS[[2, 0]])
    assert some.vocabulary.ids(["a c b"]).ids.tolist() == [3, 2, 1]
    with pytest.raises(DataError, match="none of 1 words is among the 5"):
        keep_words(table, {"x": 1})


def test_unknown_words_of_a_file(tmp_path: Path) -> None:
    table = wg.read_vectors(_file(tmp_path, _lines()))
    unk = with_constant_oov(table, "unk")
    assert_array_equal(wg.method_of(unk).vectors(["moon"])[0], table.vectors[1])
    zero = with_constant_oov(table, "zero")
    assert not wg.method_of(zero).vectors(["moon"]).any()
    assert not zero.vectors[1].any()
    zero.save(tmp_path / "t.table")
    assert wg.method_of(wg.EmbeddingTable.load(tmp_path / "t.table")).name == "zero"


def test_words_that_the_rule_writes_otherwise(tmp_path: Path) -> None:
    table = wg.read_vectors(_file(tmp_path, _lines(["new\u00a0york", "x"], ROWS[:2])))
    assert table.vocabulary.words[2:] == ("new york", "x")
    assert_array_equal(table["new\u00a0york"], ROWS[0])
