"""Tagged files of every kind, as they are found in the world, and broken ones."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path

import datasets
import pytest

import wordgraft as wg
from wordgraft.errors import DataError

WORDS = [["Tim", "Cook", "left", "Rome"], ["#hashtag", "wins"]]
TAGS = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "O"]]


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        "Tim\tB-PER\nCook\tI-PER\nleft\tO\nRome\tB-LOC\n\n#hashtag\tO\nwins\tO\n",
        "Tim B-PER\nCook I-PER\nleft O\nRome B-LOC\n\n\n\n#hashtag O\nwins O",
        "-DOCSTART- -X- O O\n\nTim NNP B-NP I-PER\nCook NNP I-NP I-PER\nleft VBD O O\n"
        "Rome NNP B-NP I-LOC\n\n#hashtag NN B-NP O\nwins VB O O\n",
        "# newdoc id = 1\n# text = Tim Cook left Rome\n1\tTim\tB-PER\t-\n2\tCook\tI-PER\t-\n"
        "3\tleft\tO\t-\n4\tRome\tB-LOC\tanna\n\n# text = wins\n1\t#hashtag\tO\t-\n"
        "1-2\thashtagwins\tO\t-\n2\twins\tO\t-\n\n",
        "Tim\tB-PER\r\nCook\tE-PER\r\nleft\tO\r\nRome\tS-LOC\r\n \r\n#hashtag\tO\r\nwins\tO\r\n",
        "Tim\tB-PER\nCook\tL-PER\nleft\tO\nRome\tU-LOC\n\n#hashtag\tO\nwins\tO\n",
        "\ufeffTim\tB-PER\nCook\tI-PER\nleft\tO\nRome\tB-LOC\n\n#hashtag\tO\nwins\tO\n",
    ],
    ids=["iob2", "blanks", "conll2003", "universal", "iobes", "bilou", "bom"],
)
def test_files_as_they_are_found(tmp_path: Path, text: str) -> None:
    tagged = wg.read_tagged(written(tmp_path / "a.conll", text))
    assert tagged.sentences == WORDS
    assert tagged.tags == TAGS


def test_compressed_files_and_patterns(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with gzip.open(tmp_path / f"{name}.conll.gz", "wt") as file:
            file.write(f"{name}\tB-X\nc\tO\n")
    tagged = wg.read_tagged(str(tmp_path / "*.gz"))
    assert tagged.sentences == [["a", "c"], ["b", "c"]]


def test_texts_without_entities_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.conll", "Tim O NNP\nleft O VBD\n\n")
    assert wg.read_tagged(path).tags == [["O", "O"]]


def test_columns_can_be_named_by_number(tmp_path: Path) -> None:
    path = written(tmp_path / "a.conll", "B-X\tO\tTim\nO\tB-Y\tleft\n")
    assert wg.read_tagged(path).tags == [["O", "B-Y"]]
    tagged = wg.read_tagged(path, token=-1, tag="0")
    assert (tagged.sentences, tagged.tags) == ([["Tim", "left"]], [["B-X", "O"]])


def test_lists_in_json_lines_parquet_and_numbers_with_names(tmp_path: Path) -> None:
    rows = [{"tokens": w, "ner_tags": t} for w, t in zip(WORDS, TAGS, strict=True)]
    lines = written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert wg.read_tagged(lines) == wg.read_tagged(lines, token="tokens", tag="ner_tags")
    assert wg.read_tagged(lines).tags == TAGS
    names = ["O", "B-PER", "I-PER", "B-LOC"]
    kinds = datasets.Features(
        {
            "words": datasets.List(datasets.Value("string")),
            "tags": datasets.List(datasets.ClassLabel(names=names)),
        }
    )
    numbers = [[names.index(tag) for tag in sentence] for sentence in TAGS]
    made = datasets.Dataset.from_dict({"words": WORDS, "tags": numbers}, features=kinds)
    made.to_parquet(str(tmp_path / "a.parquet"))
    tagged = wg.read_tagged(str(tmp_path / "a.parquet"))
    assert (tagged.sentences, tagged.tags) == (WORDS, TAGS)


def test_real_files_have_the_entities_that_are_known(shared_data: Path) -> None:
    for path, sentences, kinds in (
        ("wnut17/train.conll", 3394, 6),
        ("sec_filings/train.conll", 1164, 4),
        ("uner_ewt/train.iob2", 2001, 3),
    ):
        tagged = wg.read_tagged(str(shared_data / path))
        assert len(tagged) == sentences
        assert len({tag[2:] for tags in tagged.tags for tag in tags if tag != "O"}) == kinds


def test_insides_without_beginnings_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.conll", "Tim\tI-PER\nCook\tI-PER\nRome\tI-LOC\nleft\tO\n")
    with caplog.at_level(logging.INFO, logger="wordgraft"):
        assert wg.read_tagged(path).tags == [["B-PER", "I-PER", "B-LOC", "O"]]
    assert "2 I- tags without a B- before them begin an entity" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no tagged sentences|none of its"),
        ("\n\n\n", "none of its 0 columns holds only tags"),
        ("Tim\tB-PER\nCook\nleft\tO\n", r"line 2 .*'Cook', has 1 columns, expected 2"),
        ("Tim\tB-PER\nCook\t\nleft\tO\n", "none of its 2 columns holds only tags|has no tag"),
        ("Tim\tNNP\nCook\tNNP\n", "none of its 2 columns holds only tags.*tag=3"),
        ("Tim B-PER\nCook\n", "line 2 .*'Cook', has 1 columns, expected 2: a word has no tag"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wg.read_tagged(written(tmp_path / "a.conll", text))


def test_broken_lists(tmp_path: Path) -> None:
    short = written(tmp_path / "a.jsonl", json.dumps({"tokens": ["a", "b"], "tags": ["O"]}))
    with pytest.raises(DataError, match="sentence 0 has 2 words and 1 tags"):
        wg.read_tagged(short)
    flat = written(tmp_path / "b.jsonl", json.dumps({"tokens": "a b", "tags": "O O"}))
    with pytest.raises(DataError, match="row 0: its words are 'a b', not a list"):
        wg.read_tagged(flat)
    with pytest.raises(DataError, match="no tag column pos; its columns are tokens, tags"):
        wg.read_tagged(short, tag="pos")
    with pytest.raises(DataError, match="there is no file"):
        wg.read_tagged(str(tmp_path / "none.conll"))
