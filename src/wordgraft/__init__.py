"""wordgraft: make a pretrained encoder of the BERT family the first layer of your own network.

Importing this loads no deep-learning framework; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wordgraft._version import __version__

if TYPE_CHECKING:
    from wordgraft.build import build_table
    from wordgraft.checkpoint import Checkpoint, open_checkpoint
    from wordgraft.comparison.compare import compare
    from wordgraft.data.conll import read_tagged
    from wordgraft.data.rows import read_texts
    from wordgraft.errors import WordgraftError
    from wordgraft.estimators import (
        Encoder,
        FrozenEncoder,
        SequenceTagger,
        TableRows,
        TextClassifier,
        TextVectors,
    )
    from wordgraft.estimators.forgetting_report import forgetting_report
    from wordgraft.estimators.interpolation import interpolate
    from wordgraft.estimators.search import search
    from wordgraft.export.formats import read_vectors
    from wordgraft.export.onnx import OnnxModel, export_onnx
    from wordgraft.grafts.mean_vectors import mean_vectors
    from wordgraft.matrix import EmbeddingMatrix, MatrixReport, embedding_matrix, graft, unfreeze
    from wordgraft.oov import Blend, Neighbours, TextReader, coverage, method_of, with_oov
    from wordgraft.sources import Composed, Contextual, Isolated, Lookup
    from wordgraft.spaces import Alignment, align, concatenate
    from wordgraft.table import EmbeddingTable, read_pairs, word_similarity
    from wordgraft.training import TrainingSettings
    from wordgraft.vocabulary import Vocabulary

_HOMES = {
    "Alignment": "wordgraft.spaces",
    "Blend": "wordgraft.oov",
    "Checkpoint": "wordgraft.checkpoint",
    "Composed": "wordgraft.sources",
    "Contextual": "wordgraft.sources",
    "EmbeddingMatrix": "wordgraft.matrix",
    "EmbeddingTable": "wordgraft.table",
    "Encoder": "wordgraft.estimators",
    "FrozenEncoder": "wordgraft.estimators",
    "Isolated": "wordgraft.sources",
    "Lookup": "wordgraft.sources",
    "MatrixReport": "wordgraft.matrix",
    "Neighbours": "wordgraft.oov",
    "OnnxModel": "wordgraft.export.onnx",
    "SequenceTagger": "wordgraft.estimators",
    "TableRows": "wordgraft.estimators",
    "TextClassifier": "wordgraft.estimators",
    "TextReader": "wordgraft.oov",
    "TextVectors": "wordgraft.estimators",
    "TrainingSettings": "wordgraft.training",
    "Vocabulary": "wordgraft.vocabulary",
    "WordgraftError": "wordgraft.errors",
    "align": "wordgraft.spaces",
    "build_table": "wordgraft.build",
    "compare": "wordgraft.comparison.compare",
    "concatenate": "wordgraft.spaces",
    "coverage": "wordgraft.oov",
    "embedding_matrix": "wordgraft.matrix",
    "export_onnx": "wordgraft.export.onnx",
    "forgetting_report": "wordgraft.estimators.forgetting_report",
    "graft": "wordgraft.matrix",
    "interpolate": "wordgraft.estimators.interpolation",
    "mean_vectors": "wordgraft.grafts.mean_vectors",
    "method_of": "wordgraft.oov",
    "open_checkpoint": "wordgraft.checkpoint",
    "read_pairs": "wordgraft.table",
    "read_tagged": "wordgraft.data.conll",
    "read_texts": "wordgraft.data.rows",
    "read_vectors": "wordgraft.export.formats",
    "search": "wordgraft.estimators.search",
    "unfreeze": "wordgraft.matrix",
    "with_oov": "wordgraft.oov",
    "word_similarity": "wordgraft.table",
}

__all__ = [
    "Alignment",
    "Blend",
    "Checkpoint",
    "Composed",
    "Contextual",
    "EmbeddingMatrix",
    "EmbeddingTable",
    "Encoder",
    "FrozenEncoder",
    "Isolated",
    "Lookup",
    "MatrixReport",
    "Neighbours",
    "OnnxModel",
    "SequenceTagger",
    "TableRows",
    "TextClassifier",
    "TextReader",
    "TextVectors",
    "TrainingSettings",
    "Vocabulary",
    "WordgraftError",
    "__version__",
    "align",
    "build_table",
    "compare",
    "concatenate",
    "coverage",
    "embedding_matrix",
    "export_onnx",
    "forgetting_report",
    "graft",
    "interpolate",
    "mean_vectors",
    "method_of",
    "open_checkpoint",
    "read_pairs",
    "read_tagged",
    "read_texts",
    "read_vectors",
    "search",
    "unfreeze",
    "with_oov",
    "word_similarity",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wordgraft' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
