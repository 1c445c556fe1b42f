"""The sample: the same in any order, any parts and any number of copies, and it merges exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import SENTENCES
from xxhash import xxh3_64_intdigest

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import DataError
from wordgraft.sources.contextual import Corpus, Sample, Sampler, sample_corpus
from wordgraft.sources.contextual import sample as module

WORDS = ("sun", "rain", "garden", "the", "moon")
texts = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), max_size=12
)


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


@pytest.fixture(scope="module", params=["known", "open"])
def sampler(request: pytest.FixtureRequest, checkpoint: Checkpoint) -> Callable[[], Sampler]:
    """Fresh samplers of two sentences a word, for known words or whatever comes."""
    vocabulary = Vocabulary.from_words(WORDS, checkpoint) if request.param == "known" else None
    return lambda: Sampler(checkpoint, vocabulary, size=2, seed=7)


def sample_of(sampler: Callable[[], Sampler], sentences: list[str]) -> Sample:
    fresh = sampler()
    fresh.add(sentences)
    return fresh.sample()


def meaning(sample: Sample) -> tuple[dict[str, int], dict[str, list[str]], int, int]:
    """What a sample says, whatever its words' numbers: counts, and sentences by word."""
    chosen: dict[str, list[str]] = {}
    sentences = sample.sentences.as_dict()
    for number, digest in zip(sample.numbers.tolist(), sample.hashes.tolist(), strict=True):
        chosen.setdefault(sample.words[number], []).append(sentences[digest])
    counts = {w: n for w, n in zip(sample.words, sample.counts.tolist(), strict=True) if n}
    counts.pop("[UNK]", None)
    assert set(sentences.values()) == {text for texts in chosen.values() for text in texts}
    return counts, chosen, sample.seen, sample.tokens


@settings(max_examples=40)
@given(texts)
def test_it_is_what_a_sort_of_all_hashes_gives(
    checkpoint: Checkpoint, sampler: Callable[[], Sampler], sentences: list[str]
) -> None:
    counts, chosen, seen, tokens = meaning(sample_of(sampler, sentences))
    assert counts == Counter(word for text in sentences for word in text.split())
    assert seen == len(sentences)
    assert tokens == sum(len(checkpoint.tokenizer.ids(text)) for text in sentences)
    for word in counts:
        holders = {text for text in sentences if word in text.split()}
        expected = sorted(holders, key=lambda text: xxh3_64_intdigest(text.encode(), 7))[:2]
        assert chosen[word] == expected


@settings(max_examples=40)
@given(texts, st.randoms())
def test_order_does_not_matter(
    sampler: Callable[[], Sampler], sentences: list[str], random: object
) -> None:
    shuffled = list(sentences)
    random.shuffle(shuffled)
    assert meaning(sample_of(sampler, shuffled)) == meaning(sample_of(sampler, sentences))


@settings(max_examples=40)
@given(st.lists(texts, min_size=1, max_size=4))
def test_parts_merge_to_the_whole(sampler: Callable[[], Sampler], parts: list[list[str]]) -> None:
    whole = meaning(sample_of(sampler, [text for part in parts for text in part]))
    samples = [sample_of(sampler, part) for part in parts]
    assert meaning(reduce(Sample.merge, samples)) == whole
    assert meaning(reduce(Sample.merge, samples[::-1])) == whole
    fed = sampler()
    for part in parts:
        fed.add(part)
        fed.sample()  # looking at it in between changes nothing
    assert meaning(fed.sample()) == whole


@settings(max_examples=40)
@given(texts, texts)
def test_copies_count_and_are_not_sampled_twice(
    sampler: Callable[[], Sampler], sentences: list[str], more: list[str]
) -> None:
    once, twice = (sample_of(sampler, sentences * n + more) for n in (1, 2))
    assert meaning(once)[1] == meaning(twice)[1]
    assert twice.seen - once.seen == len(sentences)


@settings(max_examples=40)
@given(texts, texts)
def test_it_resumes_from_a_saved_sample(
    sampler: Callable[[], Sampler], before: list[str], after: list[str]
) -> None:
    saved = Sample.of_arrays(*sample_of(sampler, before).arrays())
    again = sampler()
    again.resume(saved)
    again.add(after)
    whole = sample_of(sampler, before + after)
    assert meaning(again.sample()) == meaning(whole)
    assert again.sample().words == whole.words


def test_cutting_down_often_gives_the_same(
    sampler: Callable[[], Sampler], sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = meaning(sample_of(sampler, sentences))
    monkeypatch.setattr(module, "_PENDING", 3)
    often = sampler()
    for sentence in sentences:
        often.add([sentence])
    assert meaning(often.sample()) == whole


def test_samples_of_another_seed_do_not_merge(checkpoint: Checkpoint) -> None:
    first, second = (Sampler(checkpoint, None, size=2, seed=s).sample() for s in (1, 2))
    with pytest.raises(DataError, match="with seed 1 and 2: to be merged, both must be equal"):
        first.merge(second)


def test_only_some_words(sampler: Callable[[], Sampler]) -> None:
    sample = sample_of(sampler, ["the sun", "the rain", "a moon"])
    _, chosen, seen, _ = meaning(sample.only({"sun", "moon"}))
    assert chosen == {"sun": ["the sun"], "moon": ["a moon"]}
    assert seen == 3


def test_a_whole_corpus_is_read(checkpoint: Checkpoint, sentences: list[str]) -> None:
    positions = []
    sampler = Sampler(checkpoint, None, size=1, seed=0)
    sample = sample_corpus(
        Corpus.of_texts(sentences),
        sampler,
        after_each_block=lambda _, position: positions.append(position),
    )
    vocabulary = sample.vocabulary(checkpoint)
    expected = Vocabulary.from_texts(sentences, checkpoint)
    assert vocabulary.words == expected.words
    np.testing.assert_array_equal(vocabulary.counts, expected.counts)
    assert positions[-1].source == 1


@settings(max_examples=40)
@given(data=st.data())
def test_drains_of_any_samplers_merge_to_the_sample_of_all(
    checkpoint: Checkpoint, data: st.DataObject
) -> None:
    texts = data.draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=60))
    own_words = data.draw(st.booleans())
    vocabulary = None if own_words else Vocabulary.from_words(["bank", "the", "tea"], checkpoint)
    size = data.draw(st.integers(1, 4))
    samplers = [Sampler(checkpoint, vocabulary, size=size, seed=1) for _ in range(2)]
    drains = []
    while texts:
        count = data.draw(st.integers(1, len(texts)))
        sampler = data.draw(st.sampled_from(samplers))
        sampler.add(texts[:count])
        drains.append((sampler.drain(), texts[:count]))
        texts = texts[count:]
    every = [text for _, some in drains for text in some]
    whole = Sampler(checkpoint, vocabulary, size=size, seed=1)
    whole.add(every)
    merged = reduce(Sample.merge, [drain for drain, _ in drains])
    assert meaning(merged) == meaning(whole.sample())
    # A worker that repeats work whose result was lost gives the missing part again.
    again = samplers[0]
    again.add(drains[0][1])
    with_it = reduce(Sample.merge, [again.drain(), *(drain for drain, _ in drains[1:])])
    assert meaning(with_it) == meaning(whole.sample())


def test_a_drain_leaves_out_what_earlier_ones_make_useless(checkpoint: Checkpoint) -> None:
    sampler = Sampler(checkpoint, Vocabulary.from_words(["the"], checkpoint), size=1, seed=0)
    sampler.add(SENTENCES)
    assert len(sampler.drain().sentences) == 1
    sampler.add([f"the {number}" for number in range(200)])
    # Of 200 more about 5 in 250 would be below the smallest of some 50.
    assert len(sampler.drain().sentences) <= 1
    assert len(sampler.drain().sentences) == 0
    assert sampler.drain().seen == 0
