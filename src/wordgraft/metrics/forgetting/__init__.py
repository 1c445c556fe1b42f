"""What an encoder forgot while it was fine-tuned: measures before and after."""

from __future__ import annotations

from wordgraft.metrics.forgetting.abilities import Ability
from wordgraft.metrics.forgetting.drift import Drift
from wordgraft.metrics.forgetting.settings import ForgettingSettings, Measures

__all__ = ["Ability", "Drift", "ForgettingSettings", "Measures"]
