"""`reinit`: the top layers start anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Generator, nn

from wordgraft.errors import TrainingError
from wordgraft.networks.encoder import reinitialise
from wordgraft.training.param_groups import ROWS, depth_of, layers_of, part_of
from wordgraft.training.regularizers.protocol import Guard, Watch

# Spread of the weights of BERT at its start.
_SPREAD = 0.02


@dataclass(frozen=True)
class Reinit(Guard):
    """Draw the top `layers` of the encoder anew before training (Zhang et al. 2021).

    Of use to large models on little data; it forgets on purpose what these layers knew. Raises
    `TrainingError` for rows with too few layers.
    """

    name: ClassVar[str] = "reinit"
    range: ClassVar[tuple[float, float]] = (1, 1_000)
    layers: int = 1

    def on(self, network: nn.Module, *, seed: int) -> Watch:
        """Draw the layers from `seed`."""
        there = layers_of(network)
        if not 1 <= self.layers <= there:
            raise TrainingError(
                f"reinit of {self.layers} layers: these rows have {there}; choose 1 to {there}"
                if there
                else "reinit draws layers of an encoder anew; rows of a table have none"
            )
        generator = Generator().manual_seed(seed)
        for name, module in network.named_modules():
            if not list(module.parameters(recurse=False)) or part_of(name) != ROWS:
                continue
            if depth_of(network, f"{name}.weight") > there - self.layers:
                reinitialise(module, spread=_SPREAD, generator=generator)
        return Watch()
