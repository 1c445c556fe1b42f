"""Tasks: labelled texts in, predictions and honest figures out."""

from wordgraft.tasks.classify import TextClassifier
from wordgraft.tasks.conll import Tagged, read_tagged
from wordgraft.tasks.scores import Scores
from wordgraft.tasks.tag import SequenceTagger
from wordgraft.tasks.tag_scores import TagScores

__all__ = ["Scores", "SequenceTagger", "TagScores", "Tagged", "TextClassifier", "read_tagged"]
