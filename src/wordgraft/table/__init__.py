"""Vectors, vocabulary and provenance: refine, save, load, look at."""

from wordgraft.table.coverage import Coverage
from wordgraft.table.provenance import Provenance
from wordgraft.table.refine import (
    DEFAULT_REFINEMENTS,
    Abtt,
    Center,
    Pca,
    Refinement,
    Scale,
    Sif,
    Whiten,
    parse_refinements,
)
from wordgraft.table.similarity import Similarity, read_pairs, word_similarity
from wordgraft.table.table import EmbeddingTable, UnknownWords

__all__ = [
    "DEFAULT_REFINEMENTS",
    "Abtt",
    "Center",
    "Coverage",
    "EmbeddingTable",
    "Pca",
    "Provenance",
    "Refinement",
    "Scale",
    "Sif",
    "Similarity",
    "UnknownWords",
    "Whiten",
    "parse_refinements",
    "read_pairs",
    "word_similarity",
]
