"""Tasks: labelled texts in, predictions and honest figures out."""

from wordgraft.tasks.classify import TextClassifier
from wordgraft.tasks.scores import Scores

__all__ = ["Scores", "TextClassifier"]
