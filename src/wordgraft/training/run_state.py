"""Training kept on disk, so that a run that was stopped at any moment ends as if it had not been.

news.model.progress/
  state.safetensors   weights, the optimizer's moments, random states
  progress.json       which run this is, and how far it came

The folder is written beside its place and renamed: it is the last state or the one before, whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from wordgraft.checkpoint.tensors import Tensors
from wordgraft.core.atomic_io import new_folder, sha256, write_tensors
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, ProgressError
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray
    from numpy.random import Generator

MARKER = "progress.json"
_STATE = "state.safetensors"
_HOW = "go on with what it was begun with, or start over with --no-resume (resume=False)"


@dataclass(frozen=True)
class Kept:
    """The state of a run, on the CPU.

    Attributes:
        tensors: by name, such as `network.head.linear.weight`.
        position: plain values, ready for JSON.
    """

    tensors: dict[str, Tensor]
    position: dict[str, Any]

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `prefix.`, without it."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(start)
        }


@dataclass(frozen=True)
class Keeper:
    """Keeps the state of one run in `folder`.

    Args:
        run: what makes the run what it is; the state of any other run is refused.
    """

    folder: Path
    run: Mapping[str, Any]

    def load(self) -> Kept | None:
        """What was kept last, or None. Raises `ProgressError` for another run or damage."""
        if not self.folder.exists():
            return None
        path = self.folder / _STATE
        try:
            content = json.loads((self.folder / MARKER).read_text("utf-8"))
            run, position = content["run"], content["position"]
            if content["sha256"] != sha256(path):
                raise ValueError(f"the hash of {_STATE} differs from the one in {MARKER}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProgressError(
                f"{self.folder} is damaged ({error}); start over with --no-resume (resume=False)"
            ) from error
        self._refuse_another(run)
        try:
            arrays = Tensors([path])
            tensors = {name: torch.from_numpy(np.array(arrays[name])) for name in arrays}
        except CheckpointError as error:
            raise ProgressError(f"{self.folder} is damaged ({error}); {_HOW}") from error
        return Kept(tensors, position)

    def save(self, kept: Kept) -> None:
        """Keep a state in place of the last. Raises `OutputError`; the last then stays."""
        with new_folder(self.folder, force=True, marker=MARKER) as scratch:
            write_tensors(
                scratch / _STATE, {name: _array(tensor) for name, tensor in kept.tensors.items()}
            )
            content = {
                "run": self.run,
                "position": kept.position,
                "sha256": sha256(scratch / _STATE),
            }
            (scratch / MARKER).write_text(json.dumps(content, indent=2) + "\n", "utf-8")

    def discard(self) -> None:
        """Delete what was kept, if it is ours."""
        if (self.folder / MARKER).is_file():
            shutil.rmtree(self.folder)

    def _refuse_another(self, run: dict[str, Any]) -> None:
        own = json.loads(json.dumps(self.run))
        differing = [key for key in {**run, **own} if run.get(key) != own.get(key)]
        if not differing:
            return
        key = differing[0]
        more = f" (and {', '.join(differing[1:])} differ)" if differing[1:] else ""
        raise ProgressError(
            f"{self.folder} holds the progress of another run: its {key} is {run.get(key)!r:.80}, "
            f"this run's is {own.get(key)!r:.80}{more}; {_HOW}"
        )


def fingerprint(examples: Examples) -> dict[str, Any]:
    """What tells one set of examples from another: how many, and hashes of ids and targets."""
    from xxhash import xxh3_64_hexdigest

    parts = {"ids": examples.ids, "targets": examples.targets, **examples.extras}
    return {
        "texts": len(examples),
        "data": {
            name: xxh3_64_hexdigest(
                each.ids.tobytes() + each.offsets.tobytes()
                if isinstance(each, Ragged)
                else each.tobytes()
            )
            for name, each in parts.items()
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
    """The reverse of `optimizer_tensors`, for an optimizer of the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def random_tensors() -> dict[str, Tensor]:
    """torch's random states."""
    found = {"cpu": torch.random.get_rng_state()}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def load_random(tensors: Mapping[str, Tensor]) -> None:
    """The reverse of `random_tensors`."""
    torch.random.set_rng_state(tensors["cpu"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])


def generator_state(rng: Generator) -> dict[str, Any]:
    """A NumPy generator's state, ready for JSON."""
    state: dict[str, Any] = json.loads(json.dumps(rng.bit_generator.state, default=int))
    return state


def _array(tensor: Tensor) -> ndarray:
    array: ndarray = tensor.detach().to("cpu").numpy()
    return array
