"""Texts and their labels from a file, for either task."""

from __future__ import annotations

from typing import Any

from wordgraft.data.conll import read_tagged
from wordgraft.data.rows import read_rows


def read_labelled(path: str, task: str, text: str, label: str) -> tuple[list[Any], list[Any]]:
    """The texts and labels of a file; for the task `tag`, the sentences and their tags.

    `text` and `label` name the columns and are ignored for tagged sentences. Raises `DataError` as
    `read_rows` and `read_tagged` do.
    """
    if task == "tag":
        tagged = read_tagged(path)
        return list(tagged.sentences), list(tagged.tags)
    rows = list(read_rows(path, [text, label]))
    return [row[0] for row in rows], [row[1] for row in rows]
