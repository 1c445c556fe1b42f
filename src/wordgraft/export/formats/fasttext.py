"""fastText's `.vec` files: word2vec's text format, with a space at the end of each line."""

from __future__ import annotations

from pathlib import Path

from wordgraft.export.formats.protocol import Format
from wordgraft.export.formats.word2vec import is_word2vec, read_word2vec, write_word2vec


def _sniff(path: Path, head: bytes) -> bool:
    return ".vec" in path.suffixes and is_word2vec(path, head)


FASTTEXT = Format("fasttext", "fastText .vec", write_word2vec, read_word2vec, _sniff)
