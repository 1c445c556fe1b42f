"""Tables as files of other tools, and the reverse. To add a format: one file here, one entry below.

A file is taken for the first format below that recognises it.
"""

from __future__ import annotations

from wordgraft.formats.fasttext import FASTTEXT
from wordgraft.formats.glove import GLOVE, read_glove, write_glove
from wordgraft.formats.npz import NPZ, read_npz, write_npz
from wordgraft.formats.protocol import Format, WordVectors
from wordgraft.formats.reading import read_vectors
from wordgraft.formats.word2vec import (
    WORD2VEC,
    WORD2VEC_BINARY,
    read_word2vec,
    read_word2vec_binary,
    write_word2vec,
    write_word2vec_binary,
)

FORMATS: dict[str, Format] = {
    format.name: format for format in (NPZ, FASTTEXT, WORD2VEC, WORD2VEC_BINARY, GLOVE)
}

__all__ = [
    "FORMATS",
    "Format",
    "WordVectors",
    "read_glove",
    "read_npz",
    "read_vectors",
    "read_word2vec",
    "read_word2vec_binary",
    "write_glove",
    "write_npz",
    "write_word2vec",
    "write_word2vec_binary",
]
