"""Tables as files of other tools, and the reverse. `registry` says how to add a format."""

from __future__ import annotations

from wordgraft.export.formats.glove import read_glove, write_glove
from wordgraft.export.formats.hub import push, write_hub
from wordgraft.export.formats.keyed_vectors import (
    from_keyed_vectors,
    read_keyed_vectors,
    to_keyed_vectors,
    write_keyed_vectors,
)
from wordgraft.export.formats.model2vec import read_model2vec, write_model2vec
from wordgraft.export.formats.npz import read_npz, write_npz
from wordgraft.export.formats.protocol import Format, WordVectors
from wordgraft.export.formats.reading import read_vectors
from wordgraft.export.formats.registry import FORMATS
from wordgraft.export.formats.safetensors import read_safetensors, write_safetensors
from wordgraft.export.formats.sentence_transformers import (
    read_sentence_transformers,
    write_sentence_transformers,
)
from wordgraft.export.formats.spacy import read_spacy, write_spacy
from wordgraft.export.formats.word2vec import (
    read_word2vec,
    read_word2vec_binary,
    write_word2vec,
    write_word2vec_binary,
)

__all__ = [
    "FORMATS",
    "Format",
    "WordVectors",
    "from_keyed_vectors",
    "push",
    "read_glove",
    "read_keyed_vectors",
    "read_model2vec",
    "read_npz",
    "read_safetensors",
    "read_sentence_transformers",
    "read_spacy",
    "read_vectors",
    "read_word2vec",
    "read_word2vec_binary",
    "to_keyed_vectors",
    "write_glove",
    "write_hub",
    "write_keyed_vectors",
    "write_model2vec",
    "write_npz",
    "write_safetensors",
    "write_sentence_transformers",
    "write_spacy",
    "write_word2vec",
    "write_word2vec_binary",
]
