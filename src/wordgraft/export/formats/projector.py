"""Two TSV files for TensorBoard's projector, which shows vectors as points."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from wordgraft.core.atomic_io import new_folder
from wordgraft.core.progress import progress_bar
from wordgraft.errors import DataError
from wordgraft.export.formats.folders import write_recipe
from wordgraft.export.formats.protocol import MARKER, Format, Rows, WordVectors, check_finite
from wordgraft.export.formats.text import decoded, opened
from wordgraft.table import EmbeddingTable
from wordgraft.table.provenance import SOURCES

_VECTORS = "vectors.tsv"
_METADATA = "metadata.tsv"
_CONFIG = f"""embeddings {{
  tensor_name: "wordgraft"
  tensor_path: "{_VECTORS}"
  metadata_path: "{_METADATA}"
}}
"""
_ROWS_AT_ONCE = 1024


def write_projector(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a folder for `tensorboard --logdir`, or for the projector's page on the web.

    Points carry the word, its count and its source; the padding is none. Tabs and line ends inside
    a word are written as blanks. Returns how many words this concerned. Raises `OutputError`.
    """
    words, vocabulary = table.vocabulary.words, table.vocabulary
    line = "\t".join(["%.9g"] * table.dims) + "\n"
    respelt = 0
    with (
        new_folder(path, force=force, marker=MARKER) as folder,
        (folder / _VECTORS).open("w", encoding="utf-8", newline="\n") as vectors,
        (folder / _METADATA).open("w", encoding="utf-8", newline="\n") as metadata,
        progress_bar("writing words", len(table), show=progress) as advance,
    ):
        metadata.write("word\tcount\tsource\n")
        for start in range(1, len(table), _ROWS_AT_ONCE):
            block = table.rows(slice(start, start + _ROWS_AT_ONCE)).tolist()
            vectors.writelines(line % tuple(vector) for vector in block)
            for row in range(start, start + len(block)):
                plain = re.sub(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ", words[row])
                respelt += plain != words[row]
                source = SOURCES[table.provenance.source[row]]
                metadata.write(f"{plain}\t{vocabulary.counts[row]}\t{source}\n")
            advance(len(block))
        (folder / "projector_config.pbtxt").write_text(_CONFIG, "utf-8")
        write_recipe(table, folder)
    return respelt


def read_projector(path: Path, *, progress: bool = False) -> WordVectors:
    """Read such a folder: a header, then the word first; one column alone has no header.

    Raises `DataError`.
    """
    with opened(path / _METADATA) as file:
        lines = file.read().removesuffix(b"\n").split(b"\n")
    counted = b"\t" in lines[0]
    lines = lines[counted:]
    words = [
        decoded(line.rstrip(b"\r").split(b"\t")[0], path / _METADATA, f"line {number:,}")
        for number, line in enumerate(lines, 1 + counted)
    ]
    with opened(path / _VECTORS) as file:
        dims = len(file.readline().split(b"\t"))
    rows = Rows(len(words), dims)
    done = 0
    with opened(path / _VECTORS) as file:
        while block := file.readlines(1 << 20):
            try:
                values = np.array([line.split(b"\t") for line in block], np.float32)
            except ValueError as error:
                raise DataError(
                    f"{path / _VECTORS}, lines {done + 1:,} to {done + len(block):,}: expected "
                    f"{dims} numbers between tabs in each ({error})"
                ) from error
            names = words[done : done + len(block)]
            if len(names) != len(block) or values.shape[1:] != (dims,):
                break
            check_finite(path / _VECTORS, names, values, done + 1)
            rows.add(names, values)
            done += len(block)
    if done != len(words) or block:
        raise DataError(
            f"{path}: {_METADATA} has {len(words):,} words, and {_VECTORS} not as many rows of "
            f"{dims} numbers; they belong to different tables"
        )
    return rows.done(path)


def _sniff(path: Path, head: bytes) -> bool:
    return (path / _VECTORS).is_file() and (path / _METADATA).is_file()


PROJECTOR = Format(
    "projector", "TensorBoard projector", write_projector, read_projector, _sniff, folder=True
)
