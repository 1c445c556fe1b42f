"""Corpora of every kind: the same sentences, in constant memory, or one clear error."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path

import datasets
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wordgraft.errors import DataError
from wordgraft.sources import Corpus
from wordgraft.sources.contextual.corpus import Position

TEXTS = [f"Sentence number {i} is here. And another, of {i * i} words!" for i in range(50)]
SENTENCES = [s for text in TEXTS for s in re.split(r"(?<=\.) ", text)]


def read(corpus: Corpus, **options: object) -> list[str]:
    return [text for block in corpus.blocks(**options) for text in block.sentences]


def _parquet(path: Path, texts: list[str]) -> None:
    pq.write_table(pa.table({"text": texts, "n": list(range(len(texts)))}), path)


def _lines(compress: Callable[[bytes], bytes]) -> Callable[[Path, list[str]], None]:
    return lambda path, texts: path.write_bytes(compress("\n".join(texts).encode()))  # type: ignore[return-value]


WRITERS: dict[str, Callable[[Path, list[str]], object]] = {
    "a.txt": _lines(bytes),
    "a.cor": _lines(bytes),
    "a.txt.gz": _lines(gzip.compress),
    "a.txt.bz2": _lines(bz2.compress),
    "a.txt.xz": _lines(lzma.compress),
    "a.txt.zst": _lines(lambda content: pa.compress(content, "zstd", asbytes=True)),
    "a.jsonl": lambda path, texts: path.write_text(
        "\n".join(json.dumps({"text": text}) for text in texts)
    ),
    "a.csv": lambda path, texts: path.write_text(
        "\n".join(["n,text", *(f'1,"{text}"' for text in texts)])
    ),
    "a.parquet": _parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_sentences(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, TEXTS)
    assert read(Corpus.of(tmp_path / name)) == SENTENCES


def test_several_places_and_globs_in_order(tmp_path: Path) -> None:
    for name, part in (("a1.txt", TEXTS[:3]), ("a2.txt", TEXTS[3:5]), ("b.txt", TEXTS[5:6])):
        (tmp_path / name).write_text("\n".join(part))
    corpus = Corpus.of([f"{tmp_path}/a*.txt", tmp_path / "b.txt"])
    assert [Path(name).name for name in corpus.names] == ["a1.txt", "a2.txt", "b.txt"]
    assert read(corpus) == SENTENCES[:12]


def test_datasets_in_memory_streaming_and_by_name(tmp_path: Path) -> None:
    dataset = datasets.Dataset.from_dict({"text": TEXTS})
    assert read(Corpus.of(dataset)) == SENTENCES
    assert read(Corpus.of([dataset.to_iterable_dataset()])) == SENTENCES
    (tmp_path / "folder").mkdir()
    _parquet(tmp_path / "folder" / "train.parquet", TEXTS)
    assert read(Corpus.of(f"dataset:{tmp_path}/folder:text")) == SENTENCES
    with pytest.raises(DataError, match="no column 'text'; its columns are words"):
        Corpus.of(dataset.rename_column("text", "words"))


def test_reading_resumes_after_a_block(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("\n".join(TEXTS[number * 10 : number * 10 + 10]))
    corpus = Corpus.of(f"{tmp_path}/*.txt")
    blocks = list(corpus.blocks(size=7))
    assert len(blocks) > 5
    for number, block in enumerate(blocks, 1):
        rest = [text for block in blocks[number:] for text in block.sentences]
        assert read(corpus, start=block.position) == rest
    assert blocks[-1].position == Position(3)


@pytest.mark.slow
def test_a_line_of_30_mb_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "one line.txt.gz"
    words = "some words without an end \u00e9 " * 100
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        for _ in range(30_000_000 // len(words)):
            file.write(words)
    process = psutil.Process()
    before, most, count = process.memory_info().rss, 0, 0
    for block in Corpus.of(path).blocks():
        count += sum(len(sentence.split()) for sentence in block.sentences)
        most = max(most, process.memory_info().rss - before)
    assert count == (30_000_000 // len(words)) * 600
    assert most < 15e6


def test_a_line_without_whitespace_is_cut_between_characters(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\u00e9" * 200_000)
    assert "".join(read(Corpus.of(tmp_path / "a.txt"))) == "\u00e9" * 200_000


def test_half_a_gzip_is_an_error_or_is_read_up_to_the_damage(tmp_path: Path) -> None:
    texts = [f"{i} {hash(i) % 1009} words" for i in range(200_000)]
    whole = gzip.compress("\n".join(texts).encode(), 1)
    (tmp_path / "half.txt.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"half.txt.gz is damaged: .*skip_bad=True"):
        read(Corpus.of(tmp_path / "half.txt.gz"))
    corpus = Corpus.of(tmp_path / "half.txt.gz", skip_bad=True)
    sentences = read(corpus)
    assert 50_000 < len(sentences) < 150_000
    assert sentences[:-1] == texts[: len(sentences) - 1]
    assert corpus.skipped.sources == [str(tmp_path / "half.txt.gz")]
    assert "everything after the damage in" in str(corpus.skipped)


def test_lines_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"good one\n\xff\xfe bad\ngood two\n")
    with pytest.raises(DataError, match=r"a.txt, line 2 is not UTF-8 \(byte 0xff\)"):
        read(Corpus.of(tmp_path / "a.txt"))
    corpus = Corpus.of(tmp_path / "a.txt", skip_bad=True)
    assert read(corpus) == ["good one", "good two"]
    assert corpus.skipped.texts == 1
    (tmp_path / "b.txt.gz").write_bytes(b"this was never packed")
    with pytest.raises(DataError, match=r"b.txt.gz is damaged"):
        read(Corpus.of(tmp_path / "b.txt.gz"))


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([], "names no files or datasets"),
        ("nowhere.txt", "there is no file nowhere.txt"),
        (
            "nowhere*.txt",
            "there is no file nowhere*.txt; expected FILE, FILE:COLUMN, a pattern in quotes",
        ),
    ],
)
def test_places_that_do_not_exist(places: object, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        Corpus.of(places)


def test_wrong_columns_and_texts(tmp_path: Path) -> None:
    _parquet(tmp_path / "a.parquet", TEXTS)
    with pytest.raises(DataError, match="has no column 'words'; its columns are text, n"):
        read(Corpus.of(f"{tmp_path}/a.parquet:words"))
    with pytest.raises(DataError, match="text 1 of the corpus is a int"):
        read(Corpus.of_texts(["one", 2]))  # type: ignore[list-item]
    with pytest.raises(DataError, match="text 1 of the corpus has a lone surrogate"):
        read(Corpus.of_texts(["one", "two \ud800"]))
    with pytest.raises(DataError, match="window is 0"):
        Corpus.of(tmp_path / "a.parquet", window=0)
