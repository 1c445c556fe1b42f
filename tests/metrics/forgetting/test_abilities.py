"""What an encoder lost, in points or as a share."""

from __future__ import annotations

import pytest

from wordgraft.metrics.forgetting.abilities import Ability


def test_abilities_lose_points_or_a_share_of_loss() -> None:
    assert Ability("probe", "accuracy", 0.8, 0.75).lost == pytest.approx(0.05)
    assert Ability("masked", "loss", 2.0, 2.5).lost == pytest.approx(0.25)
    assert Ability("similarity", "spearman", 0.5, 0.6).lost == pytest.approx(-0.1)
