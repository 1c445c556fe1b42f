"""`frozen`: the rows stay as they are."""

from wordgraft.training.regimes.protocol import Regime

FROZEN = Regime("frozen", trainable_rows=False)
