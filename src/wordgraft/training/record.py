"""`RunRecord`: what one training run was and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunRecord:
    """One training run, as it is saved with a model.

    Attributes:
        network, init, regime: what was trained, from which rows, and whether the rows learnt.
        seed: what every random draw of the run came from.
        texts: training texts, the held-out ones not counted.
        held_out: texts that chose the best epoch; 0 where all were trained on.
        epochs: passes over the training texts, the ones after the best included.
        best_epoch: the pass whose weights were kept.
        seconds: of the training loop, reading and table apart.
        parameters: numbers that could learn.
        losses: mean training loss of each epoch.
        held_out_losses: loss on the held-out texts after each epoch.
        versions: of the libraries that took part.
        regularizers: against forgetting, such as `layer_decay:0.9`.
        padding: share of padding among the tokens that an encoder read; None without one.
        stopped: why training ended before its time, None if it did not.
        batch_size: texts a step.
        taught: how many of `texts` had a teacher's answers instead of a label.
    """

    network: str
    init: str
    regime: str
    seed: int
    texts: int
    held_out: int
    epochs: int
    best_epoch: int
    seconds: float
    parameters: int
    losses: tuple[float, ...]
    held_out_losses: tuple[float, ...]
    versions: dict[str, str]
    regularizers: tuple[str, ...] = ()
    padding: float | None = None
    stopped: str | None = None
    batch_size: int | None = None
    taught: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)
