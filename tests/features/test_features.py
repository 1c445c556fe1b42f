"""Frozen vectors: parity with transformers, and a store that is whole at any moment."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from transformers import AutoModel, AutoTokenizer

import wordgraft as wg
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, OutputError
from wordgraft.features import FeatureRecipe, clear, entries, features_of, prune

TEXTS = [["The", "sun", "is", "warm", "."], ["unbelievably", "cold"], [], ["rain"]]


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    return wg.open_checkpoint(tiny_checkpoint("bert"))


def vectors_of(found: object, text: int) -> np.ndarray:
    places = found.places  # type: ignore[attr-defined]
    return found.stored[places.ids[places.offsets[text] : places.offsets[text + 1]]]  # type: ignore[attr-defined]


def test_words_are_the_means_of_their_pieces_in_transformers(minilm: str) -> None:
    checkpoint = wg.open_checkpoint(minilm)
    recipe = FeatureRecipe.of(checkpoint, layers=[3, 6])
    found = features_of(checkpoint, TEXTS, recipe, cache=None)
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
            own = [at for at, word in enumerate(words) if word == number]
            for layer, name in enumerate((3, 6)):
                expected = states[name][0, own].mean(dim=0)
                assert_allclose(vectors_of(found, place)[number, layer], expected, atol=2e-3)


def test_one_vector_a_text_is_the_mean_over_every_position(minilm: str) -> None:
    checkpoint = wg.open_checkpoint(minilm)
    recipe = FeatureRecipe.of(checkpoint, pooling="text")
    assert recipe.layers == (6,)
    found = features_of(checkpoint, TEXTS, recipe, cache=None)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
    model = AutoModel.from_pretrained(checkpoint.folder).eval()
    encoding = tokenizer(TEXTS[0], is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model(**encoding).last_hidden_state[0].mean(dim=0)
    assert_allclose(vectors_of(found, 0)[0, 0], expected, atol=2e-3)
    assert found.places.lengths.tolist() == [1, 1, 1, 1]


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

    def noted(self: EncoderModel, sequences: Ragged) -> object:
        lengths.append(sequences.lengths.tolist())
        return encode(self, sequences)

    monkeypatch.setattr(EncoderModel, "encode", noted)
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
    found = features_of(checkpoint, [text, ["sun"] * 3, ["x" * 10_000]], recipe, cache=None)
    assert found.places.lengths.tolist() == [len(text), 3, 1]
    every = np.asarray(vectors_of(found, 0), np.float32)
    assert np.isfinite(every).all()
    assert np.abs(every).max(axis=(1, 2)).min() > 0


def test_kept_vectors_are_used_again_and_are_the_same(
    checkpoint: wg.Checkpoint, tmp_path: Path
) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    first = features_of(checkpoint, TEXTS[:2], recipe, cache=tmp_path)
    again = features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    third = features_of(checkpoint, TEXTS[::-1], recipe, cache=tmp_path)
    assert (first.computed, again.computed, third.computed) == (2, 2, 0)
    for place in range(2):
        assert_array_equal(vectors_of(first, place), vectors_of(again, place))
        assert_array_equal(vectors_of(first, place), vectors_of(third, 3 - place))


def test_other_layers_pooling_or_weights_are_kept_apart(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    one = wg.open_checkpoint(tiny_checkpoint("bert"))
    other = wg.open_checkpoint(tiny_checkpoint("roberta"))
    recipes = [
        FeatureRecipe.of(one),
        FeatureRecipe.of(one, layers=[0]),
        FeatureRecipe.of(one, layers=[0], pooling="text"),
        FeatureRecipe.of(other),
    ]
    assert len({recipe.key for recipe in recipes}) == 4
    assert FeatureRecipe.of(one).key == recipes[0].key


def test_damaged_and_half_written_shards_are_left_aside(
    checkpoint: wg.Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    good = features_of(checkpoint, TEXTS[:1], recipe, cache=tmp_path)
    features_of(checkpoint, TEXTS[1:], recipe, cache=tmp_path)
    shards = sorted((tmp_path / recipe.key).glob("*.safetensors"), key=os.path.getmtime)
    shards[1].write_bytes(shards[1].read_bytes()[:-10])
    (tmp_path / recipe.key / ".half.safetensors.x").write_bytes(b"half")
    with caplog.at_level(logging.WARNING, logger="wordgraft"):
        again = features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    assert "1 damaged shards are left aside" in caplog.text
    assert again.computed == 3
    assert_array_equal(vectors_of(again, 0), vectors_of(good, 0))


def test_a_half_deleted_cache_is_computed_anew(checkpoint: wg.Checkpoint, tmp_path: Path) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    for shard in (tmp_path / recipe.key).glob("*.safetensors"):
        shard.unlink()
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 4


def test_another_versions_cache_is_not_read(
    checkpoint: wg.Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = FeatureRecipe.of(checkpoint)
    features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    path = tmp_path / recipe.key / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 4
    assert "was kept by another version of wordgraft (format 99" in caplog.text
    assert features_of(checkpoint, TEXTS, recipe, cache=tmp_path).computed == 0
    assert path.is_file()


def test_a_folder_that_may_not_be_written_says_what_to_do(
    checkpoint: wg.Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="set WORDGRAFT_CACHE to a folder"):
        features_of(checkpoint, TEXTS, FeatureRecipe.of(checkpoint), cache=tmp_path / "file")


def test_layers_there_are_not(checkpoint: wg.Checkpoint) -> None:
    with pytest.raises(CheckpointError, match=r"has layers 0 to \d+; asked for \[99\]"):
        FeatureRecipe.of(checkpoint, layers=[99])
    with pytest.raises(CheckpointError, match="pooling 'both' is none of words, text"):
        FeatureRecipe.of(checkpoint, pooling="both")


def test_what_is_kept_is_listed_pruned_and_cleared(
    checkpoint: wg.Checkpoint, tmp_path: Path
) -> None:
    old, new = FeatureRecipe.of(checkpoint), FeatureRecipe.of(checkpoint, layers=[1])
    for recipe in (old, new):
        features_of(checkpoint, TEXTS, recipe, cache=tmp_path)
    long_ago = time.time() - 10 * 86_400
    os.utime(tmp_path / old.key, (long_ago, long_ago))
    kept = entries(tmp_path)
    assert [entry.layers for entry in kept] == [new.layers, old.layers]
    assert [entry.texts for entry in kept] == [4, 4]
    assert kept[0].size == sum(f.stat().st_size for f in (tmp_path / new.key).iterdir())
    assert [entry.layers for entry in prune(tmp_path, days=5)] == [old.layers]
    assert prune(tmp_path, size=10**9) == []
    assert len(clear(tmp_path)) == 1
    assert entries(tmp_path) == []
    shutil.rmtree(tmp_path)
    assert entries(tmp_path) == []
