"""What an encoder forgot while it learnt: measures before and after, and the mixes between."""

from __future__ import annotations

from wordgraft.metrics.forgetting.abilities import Ability
from wordgraft.metrics.forgetting.drift import Drift
from wordgraft.metrics.forgetting.settings import Asked, Measures

__all__ = ["Ability", "Asked", "Drift", "Measures"]
