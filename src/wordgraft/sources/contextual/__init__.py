"""`Contextual`: a word's vector is the mean of the encoder's states where a corpus uses the word.

    corpus -> sample (which sentences hold which word) -> selection -> sums of states -> table

Reading is cheap and encoding expensive: the corpus is read once, by looking words up, and only the
sentences that give each word its contexts go through the encoder.
"""

from wordgraft.sources.contextual.contextual import Contextual
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.engine import Engine, LocalEngine
from wordgraft.sources.contextual.sample import Sample, Sampler, sample_corpus

__all__ = ["Contextual", "Corpus", "Engine", "LocalEngine", "Sample", "Sampler", "sample_corpus"]
