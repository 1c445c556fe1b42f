"""The state of a training run as arrays, so that an interrupted run can be resumed exactly.

`core.run_state` writes and reads the file. This file converts torch's state to arrays and back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from wordgraft.core.ragged import Ragged
from wordgraft.core.run_state import RunState
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray
    from numpy.random import Generator

# Name of the step under which `RunState` saves it.
STEP = "training"


@dataclass(frozen=True)
class TrainingState:
    """The state of a run between two steps, on the CPU.

    Attributes:
        tensors: by group and name, such as `network` and `head.linear.weight`.
        position: plain values, ready for JSON.
    """

    tensors: Mapping[str, Mapping[str, Tensor]]
    position: Mapping[str, Any]

    def group(self, name: str) -> dict[str, Tensor]:
        """The tensors of a group; empty if there is none of this name."""
        return dict(self.tensors.get(name, {}))

    def content(self) -> tuple[dict[str, ndarray], Mapping[str, Any]]:
        """Arrays and values, as `RunState` saves them."""
        arrays = {
            f"{group}.{name}": tensor.detach().to("cpu").numpy()
            for group, tensors in self.tensors.items()
            for name, tensor in tensors.items()
        }
        return arrays, self.position


def load(saved: RunState) -> TrainingState | None:
    """The state that was saved last, or None. Raises `ProgressError` for another run or damage."""
    snapshot = saved.load(STEP)
    if snapshot is None:
        return None
    tensors: dict[str, dict[str, Tensor]] = {}
    for key, array in snapshot.arrays.items():
        group, _, name = key.partition(".")
        tensors.setdefault(group, {})[name] = torch.from_numpy(array.copy())
    return TrainingState(tensors, snapshot.values)


def fingerprint(examples: Examples) -> dict[str, Any]:
    """What tells one set of examples from another: their number, and hashes of ids and targets."""
    from xxhash import xxh3_64_hexdigest

    parts = {"ids": examples.ids, "targets": examples.targets, **examples.extras}
    return {
        "texts": len(examples),
        "data": {
            name: xxh3_64_hexdigest(
                values.ids.tobytes() + values.offsets.tobytes()
                if isinstance(values, Ragged)
                else values.tobytes()
            )
            for name, values in parts.items()
        },
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's moments by number of parameter and name, such as `7.exp_avg`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{key}": torch.as_tensor(value)
        for number, values in state.items()
        for key, value in values.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimizer_tensors`, for an optimizer of the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def random_tensors() -> dict[str, Tensor]:
    """The states of torch's random generators."""
    states = {"cpu": torch.random.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def load_random(tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `random_tensors`."""
    torch.random.set_rng_state(tensors["cpu"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])


def generator_state(rng: Generator) -> dict[str, Any]:
    """A NumPy generator's state, ready for JSON."""
    state: dict[str, Any] = json.loads(json.dumps(rng.bit_generator.state, default=int))
    return state
