"""`full`: everything learns from the first step on."""

from wordgraft.training.regimes.protocol import Regime

FULL = Regime("full", trainable_rows=True)
