"""The size of the validation part, and the settings by which two plans differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from noisy_texts import PLAN

from wordgraft.core.ragged import Ragged
from wordgraft.training.examples import Examples
from wordgraft.training.param_groups import Rates


@pytest.mark.parametrize(
    ("texts", "held_out"), [(50, 10), (100, 20), (200, 40), (400, 40), (1_000, 100)]
)
def test_auto_is_a_tenth_or_up_to_a_fifth_to_have_forty_texts(texts: int, held_out: int) -> None:
    examples = Examples(Ragged.of([[2]] * texts), np.arange(texts) % 2)
    rest, apart = replace(PLAN, validation_share="auto").split(examples)
    assert (len(rest), len(apart)) == (texts - held_out, held_out)
    assert np.bincount(apart.targets).tolist() == [held_out // 2] * 2


def test_settings_are_those_that_change_the_result() -> None:
    elsewhere = replace(PLAN, device="auto", progress_folder=Path("p"), resume=False)
    assert elsewhere.settings() == PLAN.settings()
    assert replace(PLAN, epochs=3).settings()["epochs"] == "3"
    assert PLAN.rates == Rates(1e-2, 1e-2, 1e-2)
    assert replace(PLAN, body_rate=0.5).rates == Rates(1e-2, 0.5, 1e-2)
