"""Which words get a row, and how text becomes words."""

from wordgraft.vocabulary.vocabulary import Vocabulary

__all__ = ["Vocabulary"]
