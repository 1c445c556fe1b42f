"""The start of layers that no pretrained weights exist for."""

from __future__ import annotations

from torch import Generator, nn

# Activation to the named start that keeps the variance of what flows through.
STARTS = {"relu": "he", "gelu": "he", "tanh": "xavier", "none": "xavier"}


def start(layer: nn.Linear, *, activation: str, generator: Generator) -> None:
    """Draw a linear layer's weights as fits the activation behind it; its bias becomes zero.

    `he` (He et al. 2015) is normal with variance 2 / inputs, for activations that cut off the
    negative half; `xavier` (Glorot and Bengio 2010) is uniform with variance
    2 / (inputs + outputs).
    """
    if STARTS[activation] == "he":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    else:
        nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
