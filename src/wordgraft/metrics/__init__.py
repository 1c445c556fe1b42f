"""How good predictions are, and what an encoder forgot."""
