"""`TrainingSettings`: how long and how fast a network is trained, as the user sets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wordgraft.core.params import Params
from wordgraft.core.schedules import SCHEDULES
from wordgraft.training.plan import PRECISIONS

DEVICES = ("auto", "cpu")
# Settings of the machine and of the run's files; they do not change what is learned.
ENVIRONMENT = ("device", "progress_folder", "resume")


@dataclass(kw_only=True)
class TrainingSettings(Params):
    """How long and how fast to train. `auto` depends on the first layer and the network.

    The values of `auto` are in `wordgraft.estimators.recipes`.

    Args:
        epochs: the maximum number of passes over the training texts. 0 is possible with a
            `head_init` that starts from words: the classifier then knows these words alone.
        batch_size: texts per step.
        rows_rate, body_rate, head_rate: AdamW's learning rates of the first layer, of the network
            above it and of the last layer. The body's is the head's by default.
        schedule: of the learning rates: `constant` or `linear` (warm-up, then a fall to zero).
        patience: passes without improvement on the validation part before training stops; 8 by
            default.
        validation_share: share of the training texts that chooses the best pass. `auto` is a tenth,
            or up to a fifth to have 40 texts; and 0, to train on all texts for all epochs, for
            networks that read word order and for a fine-tuned encoder.
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 on CUDA.
        device: `auto` (a GPU if there is one) or `cpu`.
        progress_folder: where the state of the run is saved. The same run continues from there
            after an interruption.
        resume: whether it continues; if False, what the folder holds is discarded.

    >>> settings = TrainingSettings(epochs=3, precision="float32")
    >>> settings.given()
    ['epochs', 'precision']
    """

    epochs: int | str = "auto"
    batch_size: int | str = "auto"
    rows_rate: float | str = "auto"
    body_rate: float | str = "auto"
    head_rate: float | str = "auto"
    schedule: str = "auto"
    patience: int | str = "auto"
    validation_share: float | str = "auto"
    precision: str = "auto"
    device: str = "auto"
    progress_folder: str | Path | None = None
    resume: bool = True

    def faults(self, *, fewest_epochs: int = 1) -> Iterator[str]:
        """What is wrong with each setting by itself, in words."""
        allowed = {
            "schedule": ("auto", *SCHEDULES),
            "precision": PRECISIONS,
            "device": DEVICES,
        }
        for name, names in allowed.items():
            yield from wrong_name(f"training.{name}", getattr(self, name), names)
        least = {"epochs": fewest_epochs, "batch_size": 1, "patience": 1}
        for name, fewest in least.items():
            yield from wrong_count(f"training.{name}", getattr(self, name), fewest)
        for name in ("rows_rate", "body_rate", "head_rate"):
            value = getattr(self, name)
            if not is_auto(value) and not is_between(value, 0, np.inf):
                yield f"training.{name} is {value!r}, expected a number above 0"
        yield from wrong_share("training.validation_share", self.validation_share)
        if not self.resume and self.progress_folder is None:
            yield "training.resume is False without a progress_folder; there is nothing to discard"


def is_auto(value: Any) -> bool:
    """Whether a value is the string `auto`."""
    return isinstance(value, str) and value == "auto"


def is_between(value: Any, low: float, high: float) -> bool:
    """Whether a value is a number above `low` and below `high`."""
    number = isinstance(value, float | int | np.number) and not isinstance(value, bool)
    return number and bool(low < value < high)


def wrong_name(argument: str, value: Any, names: Any) -> Iterator[str]:
    """A fault if a value is none of the names."""
    if isinstance(value, np.generic):
        value = value.item()
    if not any(value is name or (type(value) is type(name) and value == name) for name in names):
        yield f"{argument} is {value!r:.80}, expected one of {', '.join(map(str, names))}"


def wrong_count(argument: str, value: Any, fewest: int) -> Iterator[str]:
    """A fault if a value is neither `auto` nor a whole number from `fewest`."""
    if is_auto(value):
        return
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < fewest:
        yield f"{argument} is {value!r:.80}, expected a whole number from {fewest}"


def wrong_share(argument: str, value: Any) -> Iterator[str]:
    """A fault if a value is neither `auto` nor a share from 0 to below 1."""
    if is_auto(value) or is_between(value, 0, 1):
        return
    if not isinstance(value, float | int | np.number) or isinstance(value, bool) or value != 0:
        yield f"{argument} is {value!r:.80}, expected a share from 0 to below 1"
