"""Dropout that is the same throughout a text, and of whole words."""

from __future__ import annotations

import pytest
import torch

from wordgraft.networks.dropout import LockedDropout, WordDropout


def test_the_same_values_are_zero_at_every_word_and_the_mean_is_kept() -> None:
    torch.manual_seed(0)
    dropped = LockedDropout(0.25).train()(torch.ones(200, 3, 50))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert sorted(dropped.unique().tolist()) == pytest.approx([0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.02)
    assert torch.equal(LockedDropout(0.25).eval()(dropped), dropped)


def test_whole_words_are_zero() -> None:
    torch.manual_seed(0)
    dropped = WordDropout(0.3).train()(torch.ones(2000, 4))
    assert set(dropped.sum(dim=1).tolist()) == {0.0, 4.0}
    assert float(dropped.mean()) == pytest.approx(0.7, abs=0.03)
