"""Gradients in chunks are those of the whole batch, also when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from learning import PLAN, run
from numpy.testing import assert_allclose

from wordgraft.training.batch_gradients import BatchGradients

Tiny = Callable[[str], Path]


@pytest.fixture
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert")


def test_a_batch_in_parts_has_the_gradients_of_the_whole(folder: Path) -> None:
    # Losses and not weights: Adam makes whole steps of gradients that are nothing but rounding.
    losses = [run(folder, replace(PLAN, chunks=chunks))[1].losses for chunks in (1, 4)]
    assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_out_of_memory_halves_the_chunks_and_logs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, whole = run(folder)
    loss = BatchGradients.loss

    def small(self: BatchGradients, part: Any) -> torch.Tensor:
        if len(part) > 5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return loss(self, part)

    monkeypatch.setattr(BatchGradients, "loss", small)
    with caplog.at_level(logging.WARNING, "wordgraft"):
        _, parts = run(folder)
    assert [record.args for record in caplog.records] == [(16, 2), (16, 4)]
    assert_allclose(parts.losses, whole.losses, rtol=1e-4)

    def never(*_: Any) -> torch.Tensor:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(BatchGradients, "loss", never)
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        run(folder)
