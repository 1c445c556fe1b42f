"""`lp-ft`: the head until it gains no more, then everything."""

from wordgraft.training.regimes.protocol import Regime

# A head drawn at random would first pull the rows about; after Kumar et al. 2022.
LP_FT = Regime("lp-ft", trainable_rows=True, head_first=True)
