"""Weights between the pretrained start and the fine-tuned end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from fine_tuned import shaken_classifier
from numpy.testing import assert_array_equal
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.errors import SettingsError, TrainingError

NAME = "model.embeddings.word_embeddings.weight"


def test_every_weight_of_the_encoder_lies_on_the_line_and_the_head_stays(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    model = shaken_classifier(tiny_checkpoint("bert"))
    start = model.layer_.pretrained().state_dict()[NAME]
    end = model.layer_.rows.state_dict()[NAME].clone()
    before = model.predict_proba(SENTENCES)
    quarter = wg.interpolate(model, 0.25)
    mixed = quarter.layer_.rows.state_dict()[NAME]
    assert float((mixed - (0.75 * start + 0.25 * end)).abs().max()) < 1e-6
    assert float((start - end).abs().max()) > 0.1
    assert_array_equal(
        quarter.network_.last_layer.weight.detach(), model.network_.last_layer.weight.detach()
    )
    assert_array_equal(model.predict_proba(SENTENCES), before)
    assert_array_equal(wg.interpolate(model, 1.0).predict_proba(SENTENCES), before)


def test_a_saved_model_knows_its_start_and_refuses_another(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copytree(tiny_checkpoint("bert"), tmp_path / "bert")
    model = shaken_classifier(folder)
    model.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    expected = wg.interpolate(model, 0.5).predict_proba(SENTENCES)
    assert abs(wg.interpolate(loaded, 0.5).predict_proba(SENTENCES) - expected).max() < 1e-5
    rmtree(folder)
    with pytest.raises(TrainingError, match=r"was fine-tuned from .*, which is missing"):
        wg.interpolate(loaded, 0.5)
    copytree(tiny_checkpoint("bert_cased"), folder)
    with pytest.raises(TrainingError, match="which has other weights now"):
        wg.interpolate(loaded, 0.5)


def test_a_weight_outside_the_line_is_refused(tiny_checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(SettingsError, match=r"weight is 1.5, expected a number from 0 to 1"):
        wg.interpolate(shaken_classifier(tiny_checkpoint("bert")), 1.5)
