"""Contextual vectors against transformers run by hand, a sentence at a time."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from numpy.testing import assert_allclose, assert_array_equal
from transformers import AutoModel

from wordgraft import Vocabulary, build_table, open_checkpoint
from wordgraft.errors import CheckpointError, DataError
from wordgraft.sources import Contextual, Corpus, Isolated
from wordgraft.table import word_similarity

Tiny = Callable[[str], Path]
# Whole, cut into pieces, and next to punctuation; all in lowercase.
WORDS = ["the", "river", "farmer", "rain", "bank", "nowhere"]


def occurrences(
    folder: Path, sentences: list[str], words: list[str], layers: tuple[int, ...]
) -> dict[str, list[np.ndarray]]:
    """Per word and occurrence, the mean state of the pieces that overlap it."""
    checkpoint = open_checkpoint(folder)
    before, after = checkpoint.tokenizer.specials
    model = AutoModel.from_pretrained(folder).eval()
    vectors: dict[str, list[np.ndarray]] = {word: [] for word in words}
    for text in (f" {' '.join(sentence.split())}" for sentence in sentences):
        encoding = checkpoint.tokenizer.tokenizer.encode(text, add_special_tokens=False)
        ids = torch.tensor([[*before, *encoding.ids, *after]])
        with torch.inference_mode():
            states = model(ids, output_hidden_states=True).hidden_states
        hidden = sum(states[layer][0] for layer in layers) / len(layers)
        for word in words:
            for place in re.finditer(rf"(?<!\w){word}(?!\w)", text):
                positions = [
                    len(before) + i
                    for i, (start, end) in enumerate(encoding.offsets)
                    if start < place.end() and end > place.start()
                ]
                vectors[word].append(hidden[positions].mean(0).numpy())
    return vectors


@pytest.fixture
def lowercased(sentences: list[str]) -> list[str]:
    return [sentence.lower() for sentence in sentences]


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
def test_every_architecture(tiny_checkpoint: Tiny, name: str, lowercased: list[str]) -> None:
    folder = tiny_checkpoint(name)
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    corpus = Corpus.of_texts(lowercased)
    source = Contextual(corpus, contexts=None, layers=(1, 2), shrinkage=0)
    table = source.table(checkpoint, vocabulary)
    for word, contexts in occurrences(folder, lowercased, WORDS, (1, 2)).items():
        row = vocabulary.row(word)
        assert table.provenance.contexts[row] == len(contexts), word
        if contexts:
            mean = np.mean(contexts, axis=0)
            assert_allclose(table[word], mean, atol=2e-5, err_msg=word)
            spread = np.sqrt(np.square(contexts - mean).sum(axis=1).mean())
            assert table.provenance.spread[row] == pytest.approx(spread, abs=1e-3)
        else:
            assert np.isnan(table.provenance.spread[row])
    assert table.provenance.contexts[vocabulary.row("the")] > 3


def test_few_contexts_are_shrunk_towards_the_template(
    tiny_checkpoint: Tiny, lowercased: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    corpus = Corpus.of_texts(lowercased)
    bare = Contextual(corpus, layers=3, shrinkage=0).table(checkpoint, vocabulary)
    shrunk = Contextual(corpus, layers=3, shrinkage=2).table(checkpoint, vocabulary)
    alone = Isolated(layer=3).table(checkpoint, vocabulary)
    contexts = bare.provenance.contexts
    assert_array_equal(contexts, shrunk.provenance.contexts)
    assert len(set(contexts.tolist())) > 2
    weight = 2 / (contexts[:, None] + 2)
    expected = weight * alone.vectors + (1 - weight) * bare.vectors
    seen = contexts > 0
    assert_allclose(shrunk.vectors[seen], expected[seen], atol=1e-5)
    assert_allclose(shrunk.provenance.shrinkage[seen], weight[seen, 0], rtol=1e-6)
    # A word that the corpus does not hold gets its template vector, which its source says.
    row = vocabulary.row("nowhere")
    assert_allclose(shrunk.vectors[row], alone.vectors[row], atol=1e-6)
    assert shrunk.provenance.counts()["isolated"] == 2  # "nowhere", and the unk row
    assert shrunk.provenance.shrinkage[row] == 1


def test_the_corpus_can_give_the_vocabulary(tiny_checkpoint: Tiny, sentences: list[str]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    corpus = Corpus.of_texts(sentences)
    table = build_table(
        checkpoint, source=Contextual(corpus, contexts=2, max_words=30, min_count=2)
    )
    expected = Vocabulary.from_texts(sentences, checkpoint, max_words=30, min_count=2)
    assert table.vocabulary.words == expected.words
    assert_array_equal(table.vocabulary.counts, expected.counts)
    assert (table.provenance.contexts[2:] >= 2).all()


def test_the_selection_depends_on_the_seed_and_not_on_the_order(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(["the", "a"], checkpoint)

    def vectors(texts: list[str], seed: int) -> np.ndarray:
        corpus = Corpus.of_texts(texts)
        return Contextual(corpus, contexts=1, seed=seed).table(checkpoint, vocabulary).vectors

    first = vectors(sentences, 0)
    assert_array_equal(vectors(sentences[::-1], 0), first)
    assert_array_equal(vectors(sentences * 3, 0), first)
    assert np.abs(vectors(sentences, 1) - first).max() > 1e-3


def test_a_long_sentence_loses_no_word(tiny_checkpoint: Tiny) -> None:
    folder = tiny_checkpoint("bert")
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(["sun", "rain"], checkpoint)
    # 64 positions: three windows of 62 pieces, and a rest.
    corpus = Corpus.of_texts(["sun " * 190 + "rain"])
    table = Contextual(corpus, contexts=1, shrinkage=0).table(checkpoint, vocabulary)
    assert table.provenance.contexts.tolist() == [0, 0, 190, 1]


def test_a_vocabulary_of_pieces(tiny_checkpoint: Tiny, sentences: list[str]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_tokenizer(checkpoint)
    corpus = Corpus.of_texts(sentences)
    table = Contextual(corpus, contexts=None).table(checkpoint, vocabulary)
    ids = np.concatenate([vocabulary.ids([text]).ids for text in sentences])
    expected = np.bincount(ids, minlength=len(vocabulary))
    expected[list(vocabulary.roles.values())] = 0
    assert_array_equal(table.provenance.contexts, expected)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("middle", "layers 'middle': expected 'auto' or numbers from 0 to 3"),
        ("1,1", "expected at least one layer, and none twice"),
        ((9,), "has layers 0 to 3; asked for [9]"),
    ],
)
def test_wrong_layers_are_refused(
    tiny_checkpoint: Tiny, sentences: list[str], layers: object, message: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    with pytest.raises(CheckpointError, match=re.escape(message)):
        Contextual(Corpus.of_texts(sentences), layers=layers).table(checkpoint, None)


def test_a_corpus_without_any_wanted_word(tiny_checkpoint: Tiny, sentences: list[str]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    vocabulary = Vocabulary.from_words(["zzyzx", "qwerty"], checkpoint)
    with pytest.raises(DataError, match=r"none of the 2 words occurs in the \d+ sentences"):
        Contextual(Corpus.of_texts(sentences)).table(checkpoint, vocabulary)
    with pytest.raises(DataError, match="holds no sentences"):
        Contextual(Corpus.of_texts(["", " "])).table(checkpoint, vocabulary)


@pytest.mark.slow
def test_minilm_is_closer_to_human_scores_with_a_corpus(minilm: str, shared_data: Path) -> None:
    from gensim.test.utils import datapath

    lines = Path(datapath("simlex999.txt")).read_text("utf-8").splitlines()
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    pairs = [(a, b, float(score)) for a, b, score, *_ in cells][:100]
    checkpoint = open_checkpoint(minilm)
    vocabulary = Vocabulary.from_words({w for a, b, _ in pairs for w in (a, b)}, checkpoint)
    with gzip.open(shared_data / "wiki_sentences" / "wiki_sentences.txt.gz", "rt") as lines:
        corpus = Corpus.of_texts([next(lines) for _ in range(20_000)])
    table = Contextual(corpus, contexts=5).table(checkpoint, vocabulary)
    alone = Isolated().table(checkpoint, vocabulary)
    score, without = (word_similarity(vectors, pairs) for vectors in (table, alone))
    assert score.covered == 100
    assert score.spearman > without.spearman > 0.4
