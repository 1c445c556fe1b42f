"""Labelled texts out of files, for each task."""

from __future__ import annotations

from typing import Any

from wordgraft.reading import read_rows


def labelled(path: str, task: str, text: str, label: str) -> tuple[list[Any], list[Any]]:
    """Texts and labels of a file. Raises `DataError` as the readers do."""
    del task
    pairs = list(read_rows(path, [text, label]))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
