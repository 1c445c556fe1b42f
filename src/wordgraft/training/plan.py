"""`Plan`: how long and how fast to train, with every value decided."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from wordgraft.training.examples import Examples
from wordgraft.training.param_groups import Rates
from wordgraft.training.regularizers import Regularizer

# The size of the validation part under `auto`. 10 texts of 100, or 20 of 200, are too few:
# with a tenth, the macro-F1 of 200 tweets was 0.494 (spread 0.051 over 5 seeds), with a fifth 0.523
# (0.019).
_SHARE, _LARGEST_SHARE, _FEWEST_TEXTS = 0.1, 0.2, 40
# What products can be computed in. Weights are always float32.
PRECISIONS = ("auto", "float32", "bfloat16")
# Fields that change nothing in the result.
_ENVIRONMENT = ("device", "progress_folder", "save_every", "resume")


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        rows_rate, head_rate: learning rates of the rows and of the head.
        body_rate: learning rate of the layers between them; the head's if None.
        batch_size: texts per step.
        chunks: parts of a batch that are computed one after the other, to save memory.
        epochs: the maximum number of passes over the texts.
        patience: epochs without improvement on the validation part before training stops.
        validation_share: share of the texts that chooses the best epoch, or `auto`; 0 trains on
            all texts for all `epochs`.
        clip: the largest norm of a step's gradient.
        by_length: whether batches consist of texts of similar length.
        schedule: of the learning rates, one of `SCHEDULES`, over all `epochs`.
        weight_decay: AdamW's, for weights of two dimensions.
        head_only_rate, head_only_epochs: of the phase in which only the head learns, for regimes
            that have one.
        regularizers: against forgetting.
        precision: `float32`, `bfloat16` (products in bfloat16, weights in float32), or `auto`:
            bfloat16 on CUDA.
        seed: of the split, the order of the texts and the dropout.
        device: `cpu`, or the device that accelerate finds for any other name.
        progress_folder: where the state of the run is saved, to resume after an interruption.
        save_every: the minimum number of seconds between two saves.
        resume: whether to continue from what `progress_folder` holds, or to discard it.
    """

    rows_rate: float
    head_rate: float
    batch_size: int
    epochs: int
    patience: int
    validation_share: float | str
    seed: int
    body_rate: float | None = None
    chunks: int = 1
    clip: float = np.inf
    by_length: bool = False
    schedule: str = "constant"
    weight_decay: float = 0.0
    head_only_rate: float = 1e-2
    head_only_epochs: int = 50
    regularizers: tuple[Regularizer, ...] = ()
    precision: str = "auto"
    device: str = "auto"
    progress_folder: Path | None = None
    save_every: float = 60.0
    resume: bool = True

    def split(self, examples: Examples) -> tuple[Examples, Examples]:
        """The training part and the validation part; the same at each call."""
        share = self.validation_share
        if isinstance(share, str):
            labelled = len(examples) - examples.distilled
            share = min(_LARGEST_SHARE, max(_SHARE, _FEWEST_TEXTS / max(labelled, 1)))
        return examples.split(share, np.random.default_rng(self.seed))

    @property
    def rates(self) -> Rates:
        """The learning rate of each part."""
        body = self.head_rate if self.body_rate is None else self.body_rate
        return Rates(self.rows_rate, body, self.head_rate)

    def settings(self) -> dict[str, str]:
        """Everything that changes the result, as text, to compare two runs."""
        return {
            setting.name: str(getattr(self, setting.name))
            for setting in fields(self)
            if setting.name not in _ENVIRONMENT
        }
