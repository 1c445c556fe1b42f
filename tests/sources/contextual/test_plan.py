"""Plans: what is to be encoded, saved and restored, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import DataError
from wordgraft.sources.contextual import Sample, Sampler
from wordgraft.sources.contextual.plan import EncodingPlan, make_plan


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


def sample_of(checkpoint: Checkpoint, texts: list[str], words: Vocabulary | None = None) -> Sample:
    sampler = Sampler(checkpoint, words, size=8, seed=0)
    sampler.add(texts)
    return sampler.sample()


def test_a_plan_for_the_whole_corpus_counts_its_tokens(
    checkpoint: Checkpoint, sentences: list[str]
) -> None:
    plan = make_plan(checkpoint, None, sample_of(checkpoint, sentences), contexts=None)
    tokens = sum(len(checkpoint.tokenizer.tokenizer.encode(text).ids) for text in sentences)
    assert (plan.sentences_to_encode, plan.tokens_to_encode) == (len(sentences), tokens)
    assert plan.mean_length(100) == round(tokens / len(sentences))
    assert plan.mean_length(3) == 3


def test_a_plan_comes_back_from_its_arrays(checkpoint: Checkpoint, sentences: list[str]) -> None:
    sample = sample_of(checkpoint, sentences)
    plan = make_plan(checkpoint, None, sample, contexts=2, max_words=20)
    restored = EncodingPlan.of_arrays(checkpoint, None, *plan.arrays())
    assert restored.vocabulary.words == plan.vocabulary.words
    assert restored.vocabulary.counts.tolist() == plan.vocabulary.counts.tolist()
    assert plan.selection is not None
    assert restored.selection is not None
    assert restored.selection.sentences == plan.selection.sentences
    assert restored.tokens_to_encode == plan.tokens_to_encode < plan.tokens == restored.tokens


def test_a_corpus_without_the_words_is_refused(
    checkpoint: Checkpoint, sentences: list[str]
) -> None:
    words = Vocabulary.from_words(["zzyzx", "qwerty"], checkpoint)
    message = r"none of the 2 words occurs in the \d+ sentences of news.txt; give a corpus"
    sample = sample_of(checkpoint, sentences, words)
    with pytest.raises(DataError, match=message):
        make_plan(checkpoint, words, sample, contexts=2, corpus_name="news.txt")
    with pytest.raises(DataError, match="the corpus holds no sentences"):
        make_plan(checkpoint, None, sample_of(checkpoint, []), contexts=2)
