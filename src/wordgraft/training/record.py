"""`RunRecord`: the settings and the outcome of one training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunRecord:
    """One training run, as it is saved with a model.

    Attributes:
        network, init, regime: what was trained, from which rows, and which parts learned.
        seed: of every random draw of the run.
        texts: number of training texts, without the validation part.
        validation_texts: number of texts that chose the best epoch; 0 if all were trained on.
        epochs: passes over the training texts, including those after the best one.
        best_epoch: the epoch whose weights the model has.
        seconds: of the training loop, without reading the texts or building a table.
        parameters: how many numbers learned.
        losses: mean training loss of each epoch.
        validation_losses: loss on the validation part after each epoch.
        versions: of the libraries involved.
        regularizers: against forgetting, such as `layer_decay:0.9`.
        padding: share of padding in what an encoder read; None without an encoder.
        stopped: why training ended early, None if it did not.
        batch_size: texts per step.
        distilled: how many of `texts` had a teacher's predictions instead of a label.
    """

    network: str
    init: str
    regime: str
    seed: int
    texts: int
    validation_texts: int
    epochs: int
    best_epoch: int
    seconds: float
    parameters: int
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    versions: dict[str, str]
    regularizers: tuple[str, ...] = ()
    padding: float | None = None
    stopped: str | None = None
    batch_size: int | None = None
    distilled: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)
