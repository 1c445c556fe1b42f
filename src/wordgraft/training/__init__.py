"""Training a network: regimes, regularizers, and the loop that runs them."""

from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES, Regime
from wordgraft.training.settings import TrainingSettings

__all__ = ["REGIMES", "Regime", "RunRecord", "TrainingSettings"]
