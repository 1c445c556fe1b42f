"""`EmbeddingTable`: vectors, vocabulary and provenance; refine, save, load, compare."""

from wordgraft.table.affine import Affine
from wordgraft.table.oov_state import OovState
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
from wordgraft.table.table import EmbeddingTable

__all__ = [
    "Abtt",
    "Affine",
    "Center",
    "EmbeddingTable",
    "OovState",
    "Pca",
    "Provenance",
    "Refinement",
    "Scale",
    "Sif",
    "Similarity",
    "Whiten",
    "default_refinements",
    "parse_refinements",
    "read_pairs",
    "word_similarity",
]
