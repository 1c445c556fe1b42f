"""Products in bfloat16, and a warning where they are slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from learning import PLAN, run
from numpy.testing import assert_allclose

from wordgraft.training import precision

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32(folder: Path) -> None:
    _, one = run(folder)
    mixed, two = run(folder, replace(PLAN, precision="bfloat16"))
    assert one.losses != two.losses
    assert_allclose(one.losses, two.losses, rtol=0.1)
    assert {tensor.dtype for tensor in mixed.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("times", [2.0, 40.0])
def test_slow_bfloat16_is_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, times: float
) -> None:
    monkeypatch.setattr(precision, "_slowdown", lambda _: times)
    run(folder, replace(PLAN, precision="bfloat16", epochs=1))
    messages = [record.getMessage() for record in caplog.records]
    assert any("40 times slower than in float32" in each for each in messages) == (times > 3)
