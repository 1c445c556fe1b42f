"""Which words have a row, and how text becomes words and ids."""

from wordgraft.vocabulary.vocabulary import Vocabulary

__all__ = ["Vocabulary"]
