"""accelerate's `Accelerator` and torch's random state, for the duration of one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from wordgraft.core.optional import require


@contextmanager
def accelerator_on(device: str) -> Iterator[Any]:
    """An `Accelerator` on the `cpu`, or on the device that accelerate finds for any other name.

    accelerate keeps the first device of a process. If this run needs another, accelerate's state
    is set aside and restored afterwards, for other code that uses it.
    """
    accelerate = require("accelerate", purpose="training")
    cpu = device == "cpu"
    whole, part = accelerate.state.AcceleratorState, accelerate.state.PartialState
    first = part._shared_state
    fits = not first or (first["device"].type == "cpu" if cpu else not first["_cpu"])
    set_aside = not fits and first["num_processes"] == 1
    before = [(kind, dict(kind._shared_state)) for kind in (whole, part) if set_aside]
    if set_aside:
        whole._reset_state(reset_partial_state=True)
    try:
        yield accelerate.Accelerator(cpu=cpu)
    finally:
        for kind, state in before:
            kind._shared_state.clear()
            kind._shared_state.update(state)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw dropout from `seed`, and leave the caller's random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
