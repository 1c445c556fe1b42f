"""The measures of a checkpoint, taken twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import DataError
from wordgraft.metrics.forgetting import ForgettingSettings, Measures
from wordgraft.networks.encoder import EncoderRows

Tiny = Callable[[str], Path]
PAIRS = [
    ("bank", "money", 9.0),
    ("river", "boat", 8.0),
    ("tea", "station", 1.0),
    ("a", "cold", 2.0),
]


def test_an_encoder_that_did_not_change_forgot_nothing(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))  # with a masked-language head
    labels = ["bank" in text for text in sentences]
    probes = {"banks": (sentences * 2, labels * 2)}
    settings = ForgettingSettings(sentences[:9], {"four": PAIRS}, probes)
    measures = Measures(checkpoint, settings, sentences)
    model = EncoderRows(checkpoint).eval().model
    abilities = measures.abilities(model)
    assert [ability.unit for ability in abilities] == ["spearman", "accuracy", "loss"]
    for ability in abilities:
        assert ability.lost == pytest.approx(0, abs=1e-5), ability
    moved = measures.drift(model)
    for drift in moved:
        assert drift.cka == pytest.approx(1, abs=1e-5)
        assert drift.cosine == pytest.approx(1, abs=1e-5)
    assert [(drift.texts, drift.layer) for drift in moved] == [
        (texts, layer) for texts in ("task", "general") for layer in range(4)
    ]


def test_masked_words_are_measured_only_with_a_head(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    measures = Measures(checkpoint, ForgettingSettings(), sentences)
    assert measures.abilities(EncoderRows(checkpoint).eval().model) == ()


def test_a_probe_without_enough_texts_says_so(tiny_checkpoint: Tiny, sentences: list[str]) -> None:
    settings = ForgettingSettings(probes={"few": (sentences[:4], ["a", "b", "a", "b"])})
    with pytest.raises(DataError, match="needs two labels and 5 texts of each; found 2 labels"):
        Measures(open_checkpoint(tiny_checkpoint("bert")), settings, sentences)
