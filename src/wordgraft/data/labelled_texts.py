"""Labelled texts out of files, for each task."""

from __future__ import annotations

from typing import Any

from wordgraft.data.conll import read_tagged
from wordgraft.data.text_files import read_rows


def labelled(path: str, task: str, text: str, label: str) -> tuple[list[Any], list[Any]]:
    """Texts and labels of a file; of tagged sentences, `text` and `label` are of no use.

    Raises `DataError` as the readers do.
    """
    if task == "tag":
        found = read_tagged(path)
        return list(found.sentences), list(found.tags)
    pairs = list(read_rows(path, [text, label]))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
