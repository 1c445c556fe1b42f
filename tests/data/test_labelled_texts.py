"""Texts and labels of a file, for either task."""

from __future__ import annotations

from pathlib import Path

from wordgraft.data.labelled_texts import read_labelled


def test_columns_of_texts_and_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("body,kind\nwarm sun,good\ncold,\nrain,bad\n")
    texts, labels = read_labelled(str(tmp_path / "a.csv"), "classify", "body", "kind")
    assert texts == ["warm sun", "rain"]
    assert labels == ["good", "bad"]


def test_sentences_and_tags(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("Tim B-PER\nleft O\n\nRome I-LOC\n")
    sentences, tags = read_labelled(str(tmp_path / "a.conll"), "tag", "body", "kind")
    assert sentences == [["Tim", "left"], ["Rome"]]
    assert tags == [["B-PER", "O"], ["B-LOC"]]
