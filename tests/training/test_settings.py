"""Training settings: what is wrong with each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordgraft.training.settings import TrainingSettings


def test_defaults_and_numpys_numbers_are_right() -> None:
    assert [*TrainingSettings().faults()] == []
    settings = TrainingSettings(epochs=np.int64(3), head_rate=np.float32(0.1))  # type: ignore[arg-type]
    assert [*settings.faults()] == []
    assert settings.given() == ["epochs", "head_rate"]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"epochs": 0}, "training.epochs is 0, expected a whole number from 1"),
        ({"epochs": True}, "training.epochs is True, expected a whole number from 1"),
        ({"batch_size": 1.5}, "training.batch_size is 1.5, expected a whole number from 1"),
        ({"rows_rate": -1}, "training.rows_rate is -1, expected a number above 0"),
        ({"head_rate": float("inf")}, "training.head_rate is inf, expected a number above 0"),
        ({"validation_share": 1}, "training.validation_share is 1, expected a share from 0"),
        ({"precision": "half"}, "training.precision is 'half', expected one of auto, float32"),
        ({"device": "tpu"}, "training.device is 'tpu', expected one of auto, cpu"),
        ({"resume": False}, "training.resume is False without a progress_folder"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, Any], fault: str) -> None:
    (found,) = TrainingSettings(**settings).faults()
    assert found.startswith(fault)


def test_every_fault_is_listed_and_no_epoch_may_be_allowed() -> None:
    settings = TrainingSettings(epochs=0, patience=0)
    assert len([*settings.faults()]) == 2
    assert len([*settings.faults(fewest_epochs=0)]) == 1
