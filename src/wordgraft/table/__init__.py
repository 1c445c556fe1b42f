"""Vectors, vocabulary and provenance: refine, save, load, look at."""

from wordgraft.table.affine import Affine
from wordgraft.table.coverage import Coverage
from wordgraft.table.fallbacks import Borrowed, Fallbacks
from wordgraft.table.provenance import Provenance
from wordgraft.table.refinements import (
    Abtt,
    Center,
    Pca,
    Refinement,
    Scale,
    Sif,
    Whiten,
    default_refinements,
    parse_refinements,
)
from wordgraft.table.similarity import Similarity, read_pairs, word_similarity
from wordgraft.table.table import EmbeddingTable, UnknownWords

__all__ = [
    "Abtt",
    "Affine",
    "Borrowed",
    "Center",
    "Coverage",
    "EmbeddingTable",
    "Fallbacks",
    "Pca",
    "Provenance",
    "Refinement",
    "Scale",
    "Sif",
    "Similarity",
    "UnknownWords",
    "Whiten",
    "default_refinements",
    "parse_refinements",
    "read_pairs",
    "word_similarity",
]
