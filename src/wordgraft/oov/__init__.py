"""Vectors for out-of-vocabulary words.

To add a method: one file here, one entry in `methods.py`, and its name in `ROW_ORIGINS` of
`table/provenance.py`.
"""

from __future__ import annotations

from wordgraft.oov.blend.method import Blend
from wordgraft.oov.constants import MeanRow, UnkRow, ZeroRow
from wordgraft.oov.encoder import EncoderOov
from wordgraft.oov.methods import (
    METHODS,
    available_methods,
    ensure_fitted,
    method_of,
    oov_method,
    with_oov,
)
from wordgraft.oov.neighbours import Neighbours
from wordgraft.oov.pieces import Pieces
from wordgraft.oov.protocol import FittedOov, OovMethod
from wordgraft.oov.text_coverage import Coverage, coverage
from wordgraft.oov.text_reader import OovVectors, TextReader, TextRows

__all__ = [
    "METHODS",
    "Blend",
    "Coverage",
    "EncoderOov",
    "FittedOov",
    "MeanRow",
    "Neighbours",
    "OovMethod",
    "OovVectors",
    "Pieces",
    "TextReader",
    "TextRows",
    "UnkRow",
    "ZeroRow",
    "available_methods",
    "coverage",
    "ensure_fitted",
    "method_of",
    "oov_method",
    "with_oov",
]
