"""Predictions and losses in the order of the texts, however they are batched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learning import examples_of, network_of
from noisy_texts import PLAN, noisy_texts, train_bag
from numpy.testing import assert_allclose

from wordgraft.training.inference import (
    features,
    loss_on,
    predictions,
    predictions_and_loss,
    predictions_lowered,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_predictions_computed_in_parallel_are_those_computed_in_sequence(folder: Path) -> None:
    network, examples = network_of(folder).eval(), examples_of(folder, times=12)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append((predictions(network, examples), features(network, examples)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(examples) > 64  # several batches
    for alone, beside in zip(*found, strict=True):
        assert_allclose(beside, alone, rtol=1e-5, atol=1e-6)


def test_loss_and_lowered_predictions_are_those_of_the_formula() -> None:
    network, _ = train_bag(replace(PLAN, epochs=2))
    examples = noisy_texts()
    plain, loss = predictions_and_loss(network, examples)
    assert_allclose(plain, predictions(network, examples))
    assert loss == pytest.approx(loss_on(network, examples))
    assert loss == pytest.approx(-np.log(plain[np.arange(120), examples.targets]).mean(), rel=1e-5)
    same, lowered = predictions_lowered(network, examples, [0.0, 1.5])
    assert_allclose(same, plain)
    odds = lowered[:, 0] / lowered[:, 1]
    assert_allclose(odds, plain[:, 0] / plain[:, 1] * np.exp(-1.5), rtol=1e-5)
