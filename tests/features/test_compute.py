"""Frozen vectors against transformers, in windows, in batches, and from the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from feature_texts import TEXTS, vectors_of
from numpy.testing import assert_allclose, assert_array_equal
from transformers import AutoModel, AutoTokenizer

import wordgraft as wg
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.ragged import Ragged
from wordgraft.features import FeatureRecipe, features_of


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    return wg.open_checkpoint(tiny_checkpoint("bert"))


def test_words_are_the_means_of_their_pieces_in_transformers(minilm: str) -> None:
    checkpoint = wg.open_checkpoint(minilm)
    recipe = FeatureRecipe.of(checkpoint, layers=[3, 6])
    features = features_of(checkpoint, TEXTS, recipe, cache=None)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
    model = AutoModel.from_pretrained(checkpoint.folder).eval()
    for place, text in enumerate(TEXTS):
        if not text:
            continue
        encoding = tokenizer(text, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**encoding, output_hidden_states=True).hidden_states
        words = encoding.word_ids()
        for number in range(len(text)):
            pieces = [place for place, word in enumerate(words) if word == number]
            for layer, name in enumerate((3, 6)):
                expected = states[name][0, pieces].mean(dim=0)
                assert_allclose(vectors_of(features, place)[number, layer], expected, atol=2e-3)


def test_one_vector_per_text_is_the_mean_over_every_position(minilm: str) -> None:
    checkpoint = wg.open_checkpoint(minilm)
    recipe = FeatureRecipe.of(checkpoint, pooling="text")
    assert recipe.layers == (6,)
    features = features_of(checkpoint, TEXTS, recipe, cache=None)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
    model = AutoModel.from_pretrained(checkpoint.folder).eval()
    encoding = tokenizer(TEXTS[0], is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model(**encoding).last_hidden_state[0].mean(dim=0)
    assert_allclose(vectors_of(features, 0)[0, 0], expected, atol=2e-3)
    assert features.places.lengths.tolist() == [1, 1, 1, 1]


def test_texts_of_one_length_are_encoded_together(
    checkpoint: wg.Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    texts = [[f"{rng.choice(TEXTS[0])}" for _ in range(rng.integers(1, 6))] for _ in range(90)]
    recipe = FeatureRecipe.of(checkpoint)
    whole = features_of(checkpoint, texts, recipe, cache=None, device="cpu")
    monkeypatch.setattr("wordgraft.features.compute._PIECES_AT_ONCE", 40)
    monkeypatch.setattr("wordgraft.checkpoint.encoder.CPU_TOKENS", 20)
    lengths: list[list[int]] = []
    encode = EncoderModel.encode

    def record(self: EncoderModel, sequences: Ragged) -> object:
        lengths.append(sequences.lengths.tolist())
        return encode(self, sequences)

    monkeypatch.setattr(EncoderModel, "encode", record)
    parts = features_of(checkpoint, texts, recipe, cache=None, device="cpu")
    flat = [length for part in lengths for length in part]
    assert len(lengths) > 3
    assert flat == sorted(flat, reverse=True)
    for text, words in enumerate(texts):
        assert len(vectors_of(parts, text)) == len(words)
        assert_allclose(vectors_of(parts, text), vectors_of(whole, text), atol=2e-3)


def test_long_texts_are_read_in_windows_and_lose_no_word(checkpoint: wg.Checkpoint) -> None:
    text = ["sun", "rain"] * checkpoint.max_tokens
    recipe = FeatureRecipe.of(checkpoint)
    features = features_of(checkpoint, [text, ["sun"] * 3, ["x" * 10_000]], recipe, cache=None)
    assert features.places.lengths.tolist() == [len(text), 3, 1]
    vectors = np.asarray(vectors_of(features, 0), np.float32)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors).max(axis=(1, 2)).min() > 0


def test_cached_vectors_are_used_again(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    first = features_of(checkpoint, TEXTS[:2], recipe, cache=tmp_path)
    again = features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    third = features_of(checkpoint, TEXTS[::-1], recipe, cache=tmp_path)
    assert (first.computed, again.computed, third.computed) == (2, 2, 0)
    for place in range(2):
        assert_array_equal(vectors_of(first, place), vectors_of(again, place))
        assert_array_equal(vectors_of(first, place), vectors_of(third, 3 - place))
