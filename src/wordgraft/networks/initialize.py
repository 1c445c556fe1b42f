"""The start of layers that no pretrained weights exist for."""

from __future__ import annotations

from torch import Generator, nn
from torch.nn.utils import skip_init

# Activation to the named start that keeps the variance of what flows through.
STARTS = {"relu": "he", "gelu": "he", "tanh": "xavier", "none": "xavier"}


def start(layer: nn.Module, *, activation: str, generator: Generator) -> None:
    """Draw a layer's weights as fits the activation behind it; its bias becomes zero.

    `he` (He et al. 2015) is normal with variance 2 / inputs, for activations that cut off the
    negative half; `xavier` (Glorot and Bengio 2010) is uniform with variance
    2 / (inputs + outputs).
    """
    assert isinstance(layer, nn.Linear | nn.Conv1d)
    if STARTS[activation] == "he":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    else:
        nn.init.xavier_uniform_(layer.weight, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def linear(inputs: int, outputs: int, *, activation: str, generator: Generator) -> nn.Linear:
    """A linear layer, started as `start` does.

    It is not drawn twice: torch's own start would also move the caller's random state.
    """
    layer: nn.Linear = skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    start(layer, activation=activation, generator=generator)
    return layer


def conv1d(
    inputs: int, outputs: int, width: int, *, activation: str, generator: Generator
) -> nn.Conv1d:
    """A convolution over words, started as `start` does; it does not pad."""
    layer: nn.Conv1d = skip_init(nn.Conv1d, inputs, outputs, width)  # type: ignore[no-untyped-call]
    start(layer, activation=activation, generator=generator)
    return layer


def start_recurrent(layer: nn.LSTM, *, generator: Generator) -> None:
    """Xavier for what enters, orthogonal for what recurs (Saxe et al. 2014), forget gates open."""
    for name, weights in layer.named_parameters():
        if "bias" in name:
            nn.init.zeros_(weights)
            if "bias_ih" in name:  # gates stand in the order: input, forget, cell, output
                nn.init.ones_(weights.data.view(4, -1)[1])
        else:
            for gate in weights.data.chunk(4):
                draw = nn.init.orthogonal_ if "weight_hh" in name else nn.init.xavier_uniform_
                draw(gate, generator=generator)


def start_embedding(layer: nn.Embedding, *, generator: Generator) -> None:
    """Normal with the standard deviation that grafted rows have; the padding stays zero."""
    nn.init.normal_(layer.weight, std=0.1, generator=generator)
    if layer.padding_idx is not None:
        nn.init.zeros_(layer.weight.data[layer.padding_idx])
