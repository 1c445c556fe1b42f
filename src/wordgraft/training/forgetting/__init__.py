"""What an encoder forgot while it learnt: measures before and after, and the mixes between."""

from __future__ import annotations

from wordgraft.training.forgetting.abilities import Ability
from wordgraft.training.forgetting.asked import Asked, Measures
from wordgraft.training.forgetting.drift import Drift
from wordgraft.training.forgetting.report import ForgettingReport, Point, report

__all__ = ["Ability", "Asked", "Drift", "ForgettingReport", "Measures", "Point", "report"]
