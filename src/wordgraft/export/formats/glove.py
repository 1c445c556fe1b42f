"""GloVe's text format: word2vec's without the first line."""

from __future__ import annotations

from pathlib import Path

from wordgraft.export.formats.protocol import Format, WordVectors
from wordgraft.export.formats.text import header_of, is_row, read_lines, write_lines
from wordgraft.table import EmbeddingTable


def write_glove(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write one word per line, under the rules of `write_word2vec`."""
    return write_lines(table, path, header=False, force=force, progress=progress)


def read_glove(path: Path, *, progress: bool = False) -> WordVectors:
    """Read one word per line; the first line sets the dimensions. Raises `DataError`."""
    return read_lines(path, header=False, progress=progress)


def _sniff(path: Path, head: bytes) -> bool:
    line, end, _ = head.partition(b"\n")
    cells = len(line.split()) - (not end)
    return header_of(line) is None and cells > 1 and is_row(line, cells - 1)


GLOVE = Format("glove", "GloVe text", write_glove, read_glove, _sniff)
