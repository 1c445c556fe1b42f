"""A step on a batch: the rows of a table take part in it as all of AdamW's parameters do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from noisy_texts import PLAN, train_bag

from wordgraft.errors import ProgressError
from wordgraft.training.lazy_adamw import LazyRows
from wordgraft.training.network_optimizer import NetworkOptimizer


def test_training_is_the_same_as_with_adamw_over_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, clip=0.5, schedule="linear", validation_share=0.0)
    lazy, _ = train_bag(plan)
    monkeypatch.setattr(NetworkOptimizer, "_table_of", lambda *_: (None, 0.0))
    adamw, _ = train_bag(plan)
    torch.testing.assert_close(
        lazy.rows.layer.weight, adamw.rows.layer.weight, rtol=1e-4, atol=1e-5
    )


def test_moments_saved_for_all_rows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, epochs=2, progress_folder=tmp_path / "p", save_every=-1.0)
    with monkeypatch.context() as patched:
        patched.setattr(NetworkOptimizer, "_table_of", lambda *_: (None, 0.0))
        train_bag(plan)
    with pytest.raises(ProgressError, match="start over with resume=False"):
        train_bag(plan)


def test_moments_saved_under_another_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, epochs=2, progress_folder=tmp_path / "p", save_every=-1.0)
    named = LazyRows.tensors
    with monkeypatch.context() as patched:
        patched.setattr(LazyRows, "tensors", lambda self: {"mean": named(self)["moments"][0]})
        train_bag(plan)
    with pytest.raises(ProgressError, match="start over with resume=False"):
        train_bag(plan)
