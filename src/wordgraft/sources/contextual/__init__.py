"""`contextual`: a word is the mean of the encoder's states at the places where a corpus uses it.

    corpus -> sample (which sentences hold which word) -> choice -> sums of states -> table

Reading is cheap and encoding dear: the corpus is read once, by looking words up, and only the
sentences that give each word its contexts go through the encoder.
"""

from wordgraft.sources.contextual.contextual import Contextual
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.engine import ENGINES
from wordgraft.sources.contextual.sample import Sample, Sampler, sample_corpus
from wordgraft.sources.contextual.source import CONTEXTS, contextual

__all__ = [
    "CONTEXTS",
    "ENGINES",
    "Contextual",
    "Corpus",
    "Sample",
    "Sampler",
    "contextual",
    "sample_corpus",
]
