"""All formats by name. To add one: one file beside this one, and one entry below.

A file is read as the first format below that recognizes it.
"""

from __future__ import annotations

from wordgraft.export.formats.fasttext import FASTTEXT
from wordgraft.export.formats.glove import GLOVE
from wordgraft.export.formats.hub import HUB
from wordgraft.export.formats.keyed_vectors import GENSIM
from wordgraft.export.formats.model2vec import MODEL2VEC
from wordgraft.export.formats.npz import NPZ
from wordgraft.export.formats.protocol import Format
from wordgraft.export.formats.safetensors import SAFETENSORS
from wordgraft.export.formats.sentence_transformers import SENTENCE_TRANSFORMERS
from wordgraft.export.formats.spacy import SPACY
from wordgraft.export.formats.word2vec import WORD2VEC, WORD2VEC_BINARY

FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        MODEL2VEC,
        SENTENCE_TRANSFORMERS,
        SAFETENSORS,
        SPACY,
        GENSIM,
        NPZ,
        FASTTEXT,
        WORD2VEC,
        WORD2VEC_BINARY,
        GLOVE,
        HUB,
    )
}
