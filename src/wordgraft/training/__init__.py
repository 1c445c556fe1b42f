"""Regimes, guards, and the loop that trains a network under them."""

from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES, Regime

__all__ = ["REGIMES", "Regime", "RunRecord"]
