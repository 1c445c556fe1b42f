"""Regimes: which parts of a network learn, and when. To add one: one file here, one entry below."""

from __future__ import annotations

from wordgraft.training.regimes.frozen import FROZEN
from wordgraft.training.regimes.full import FULL
from wordgraft.training.regimes.gradual import GRADUAL
from wordgraft.training.regimes.lp_ft import LP_FT
from wordgraft.training.regimes.protocol import Regime
from wordgraft.training.regimes.tuned import TUNED

REGIMES = {regime.name: regime for regime in (FROZEN, TUNED, FULL, LP_FT, GRADUAL)}

__all__ = ["REGIMES", "Regime"]
