"""Read a file of word vectors in any format as a table."""

from __future__ import annotations

from pathlib import Path

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import DataError, PickleRefusedError
from wordgraft.export.formats.conversion import table_of
from wordgraft.export.formats.registry import FORMATS
from wordgraft.export.formats.text import opened
from wordgraft.table import EmbeddingTable
from wordgraft.table.io import MARKER as TABLE_MARKER


def read_vectors(
    path: str | Path,
    *,
    format: str | None = None,
    checkpoint: Checkpoint | None = None,
    allow_pickle: bool = False,
    progress: bool = False,
) -> EmbeddingTable:
    """Read a file of word vectors as a table: GloVe, fastText, word2vec, a model2vec folder ...

    The rows are the file's, unrefined. Row 0 is padding, all zeros. Row 1 is for OOV words: the
    file's own vector for them, otherwise the mean of all words. If the rule for text makes
    words equal, the word that it leaves unchanged is used, otherwise the first.

    >>> _ = Path("glove.txt").write_text("sun 1 0\\nrain 0 1\\n")
    >>> read_vectors("glove.txt").vectors
    array([[0. , 0. ],
           [0.5, 0.5],
           [1. , 0. ],
           [0. , 1. ]], dtype=float32)

    Args:
        format: one of `wordgraft.export.formats.FORMATS`; by default, recognized from the file.
        checkpoint: split text into words as this checkpoint does. By default text is split as BERT
            does, lowercased and stripped of accents if the file's words are. A folder with a
            `tokenizer.json` uses that.
        allow_pickle: read a file that gensim pickled. This can run any code: allow it only if you
            trust the file's source.
        progress: show a progress bar.

    Raises a `DataError` that names the faulty line, and `PickleRefusedError`.
    """
    path = Path(path)
    name = format or sniffed(path)
    if name not in FORMATS:
        raise DataError(f"unknown format {name!r}; the formats are {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    if chosen.read is None:
        raise DataError(f"{name} files can be written but not read")
    if chosen.pickled and not allow_pickle:
        raise PickleRefusedError(
            f"{path} is a pickle ({chosen.about}), and reading one can run any code; give "
            "allow_pickle=True if you trust its source, or save it with "
            "save_word2vec_format and read that"
        )
    vectors = chosen.read(path, progress=progress)
    return table_of(vectors, path=path, format=name, checkpoint=checkpoint)


def sniffed(path: Path) -> str:
    """The name of the format of a file or folder. Raises `DataError` if none recognizes it."""
    head = b""
    if not path.is_dir():
        with opened(path) as file:
            head = file.read(1 << 16)
        if not head:
            raise DataError(f"{path} is empty; expected words and their vectors")
    for name, format in FORMATS.items():
        if format.read and format.sniff and format.sniff(path, head):
            return name
    if (path / TABLE_MARKER).is_file():
        raise DataError(f"{path} is already a table: open it with EmbeddingTable.load")
    if head.startswith(b"PK"):
        raise DataError(f"{path} is a zip archive; unpack it and give the file of vectors inside")
    names = ", ".join(name for name, format in FORMATS.items() if format.read is not None)
    raise DataError(
        f"{path} does not look like any of {names}; give its format=..., or check that "
        "it is the right file"
    )
