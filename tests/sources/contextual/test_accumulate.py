"""Sums of contexts: of all rows or of some, shrinkage, spread, and where windows are cut."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tiny import SENTENCES

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.sources.contextual.accumulate import (
    Aligner,
    Sums,
    add_sums,
    shrunk,
    spread_of,
    sums_of_some_rows,
)


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


def test_sums_of_parts_add_up(checkpoint: Checkpoint) -> None:
    vocabulary = Vocabulary.from_texts(SENTENCES, checkpoint)
    encoder, aligner = EncoderModel(checkpoint, layers=[2, 3]), Aligner(checkpoint, vocabulary)
    whole = Sums(len(vocabulary), encoder.dims, encoder.device)
    whole.add_sentences(encoder, aligner.align(SENTENCES))
    parts = [
        sums_of_some_rows(encoder, aligner, part, len(vocabulary))
        for part in (SENTENCES[:3], [], SENTENCES[3:40], SENTENCES[40:])
    ]
    assert 5 < len(parts[0]["rows"]) < 40
    added = reduce(add_sums, parts)
    rows = added.pop("rows")
    for name, expected in whole.arrays().items():
        assert_allclose(added[name], expected[rows], rtol=1e-5, atol=1e-4, err_msg=name)
        assert expected.sum() == pytest.approx(added[name].sum(), rel=1e-5)


def test_a_window_ends_between_two_words(checkpoint: Checkpoint) -> None:
    vocabulary = Vocabulary.from_words(["sun", "rain"], checkpoint)
    inputs = Aligner(checkpoint, vocabulary).align(["sun " * 100 + "rain", "rain"])
    # 64 positions, two of them special; "sun" is three pieces and "rain" one.
    assert inputs.sequences.lengths.tolist() == [62, 62, 62, 62, 63, 3]
    assert np.diff(inputs.words).tolist() == [20, 20, 20, 20, 21, 1]
    assert inputs.first[[0, 19, 20, 100, 101]].tolist() == [1, 58, 1, 61, 1]
    assert inputs.pieces[[0, 100]].tolist() == [3, 1]
    assert inputs.sentences == 2


def test_few_contexts_are_shrunk_towards_the_template() -> None:
    sums = {
        "states": np.array([[6.0, 0.0], [0.0, 0.0], [20.0, 10.0]]),
        "counts": np.array([2, 0, 10]),
    }
    templates = np.array([[0.0, 4.0], [7.0, 8.0], [1.0, 1.0]], np.float32)
    vectors, weights = shrunk(sums, templates, 2.0)
    assert_allclose(vectors, [[1.5, 2.0], [7.0, 8.0], [22 / 12, 1.0]], rtol=1e-6)
    assert_allclose(weights, [0.5, 1.0, 2 / 12], rtol=1e-6)


def test_spread_is_the_rms_distance_from_the_mean() -> None:
    contexts = np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 5.0]])
    sums = {
        "states": np.stack([contexts.sum(axis=0), np.zeros(2)]),
        "squares": np.array([np.square(contexts).sum(), 0.0]),
        "counts": np.array([3, 0]),
    }
    distances = np.square(contexts - contexts.mean(axis=0)).sum(axis=1)
    spread = spread_of(sums)
    assert spread[0] == pytest.approx(np.sqrt(distances.mean()))
    assert np.isnan(spread[1])
