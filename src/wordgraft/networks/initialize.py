"""Initial weights of layers that are not pretrained."""

from __future__ import annotations

from torch import Generator, nn
from torch.nn.utils import skip_init

# For each activation, the scheme that keeps the variance of the values constant.
STARTS = {"relu": "he", "gelu": "he", "tanh": "xavier", "none": "xavier"}


def start(layer: nn.Module, *, activation: str, generator: Generator) -> None:
    """Draw a layer's weights to suit the activation after it; its bias becomes zero.

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
    """A linear layer with the weights of `start`.

    torch's own initial weights are skipped: drawing them would change the caller's random state.
    """
    layer: nn.Linear = skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    start(layer, activation=activation, generator=generator)
    return layer


def conv1d(
    inputs: int, outputs: int, width: int, *, activation: str, generator: Generator
) -> nn.Conv1d:
    """A convolution over words with the weights of `start`; it does not pad."""
    layer: nn.Conv1d = skip_init(nn.Conv1d, inputs, outputs, width)  # type: ignore[no-untyped-call]
    start(layer, activation=activation, generator=generator)
    return layer


def start_recurrent(layer: nn.LSTM, *, generator: Generator) -> None:
    """Xavier for inputs, orthogonal recurrent weights (Saxe et al. 2014), open forget gates."""
    for name, weights in layer.named_parameters():
        if "bias" in name:
            nn.init.zeros_(weights)
            if "bias_ih" in name:  # order of the gates: input, forget, cell, output
                nn.init.ones_(weights.data.view(4, -1)[1])
        else:
            for gate in weights.data.chunk(4):
                draw = nn.init.orthogonal_ if "weight_hh" in name else nn.init.xavier_uniform_
                draw(gate, generator=generator)


def start_embedding(layer: nn.Embedding, *, generator: Generator) -> None:
    """Normal with the standard deviation of grafted rows; padding is zero."""
    nn.init.normal_(layer.weight, std=0.1, generator=generator)
    if layer.padding_idx is not None:
        nn.init.zeros_(layer.weight.data[layer.padding_idx])
