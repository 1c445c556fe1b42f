"""Tasks: labelled texts in, predictions and honest figures out.

Each name is loaded when it is first used: what reads texts needs less than what trains on them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wordgraft.tasks.classify import TextClassifier
    from wordgraft.tasks.conll import Tagged, read_tagged
    from wordgraft.tasks.scores import Scores
    from wordgraft.tasks.tag import SequenceTagger
    from wordgraft.tasks.tag_scores import TagScores
    from wordgraft.tasks.vectors import TextVectors

_HOMES = {
    "Scores": "scores",
    "SequenceTagger": "tag",
    "TagScores": "tag_scores",
    "Tagged": "conll",
    "TextClassifier": "classify",
    "TextVectors": "vectors",
    "read_tagged": "conll",
}

__all__ = [
    "Scores",
    "SequenceTagger",
    "TagScores",
    "Tagged",
    "TextClassifier",
    "TextVectors",
    "read_tagged",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wordgraft.tasks' has no attribute {name!r}")
    value = getattr(import_module(f"wordgraft.tasks.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
