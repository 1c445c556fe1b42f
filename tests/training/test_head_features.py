"""A head on stored features is trained as in its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learning import PLAN, examples_of, network_of, run
from numpy.testing import assert_allclose

from wordgraft.training.head_features import head_on_features, is_worth_storing
from wordgraft.training.inference import (
    loss_on,
    predictions,
)

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_frozen_features_are_those_of_the_network(folder: Path) -> None:
    plan = replace(PLAN, epochs=100, head_rate=0.05, batch_size=40)
    network, record = run(folder, plan, "frozen")
    examples = examples_of(folder)
    # One batch an epoch, so that the last loss is that of the weights a step before the last.
    assert loss_on(network, examples) == pytest.approx(record.losses[-1], abs=1e-4)
    accuracy = (predictions(network, examples).argmax(axis=1) == examples.targets).mean()
    assert accuracy > np.mean(examples.targets == 0) + 0.04


def test_a_head_on_features_gives_the_logits_of_its_network(folder: Path) -> None:
    network, examples = network_of(folder), examples_of(folder)
    assert is_worth_storing(network)
    parts = [examples.take(np.arange(5)), examples.take(np.arange(5, 9))]
    head, (_, second) = head_on_features(network, *parts)
    assert head.head is network.head
    assert_allclose(predictions(head, second), predictions(network, parts[1]), rtol=1e-5)
