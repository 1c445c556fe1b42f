"""Estimators in the style of scikit-learn: a classifier, a tagger, and vectors of texts.

Each name is loaded when it is first used: reading texts needs fewer libraries than training.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wordgraft.estimators.classifier import TextClassifier
    from wordgraft.estimators.first_layers import Encoder, FrozenEncoder, TableRows
    from wordgraft.estimators.tagger import SequenceTagger
    from wordgraft.estimators.text_vectors import TextVectors

_HOMES = {
    "Encoder": "first_layers",
    "FrozenEncoder": "first_layers",
    "SequenceTagger": "tagger",
    "TableRows": "first_layers",
    "TextClassifier": "classifier",
    "TextVectors": "text_vectors",
}

__all__ = [
    "Encoder",
    "FrozenEncoder",
    "SequenceTagger",
    "TableRows",
    "TextClassifier",
    "TextVectors",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wordgraft.estimators' has no attribute {name!r}")
    value = getattr(import_module(f"wordgraft.estimators.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
