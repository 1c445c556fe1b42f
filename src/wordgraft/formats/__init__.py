"""A table as a file of another tool. To add a format: one file here, one entry below."""

from __future__ import annotations

from collections.abc import Callable

from wordgraft.formats.npz import write_npz
from wordgraft.formats.word2vec import write_word2vec

# Each takes a table, a path, `force` and `progress`, and returns how many words were respelt.
FORMATS: dict[str, Callable[..., int]] = {"npz": write_npz, "word2vec": write_word2vec}

__all__ = ["FORMATS", "write_npz", "write_word2vec"]
