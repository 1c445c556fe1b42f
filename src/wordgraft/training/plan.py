"""`Plan`: how long and how fast to train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wordgraft.training.examples import Examples
from wordgraft.training.param_groups import Rates
from wordgraft.training.regularizers import Regularizer

# What `auto` holds out. Ten texts of 100 or 20 of 200 choose by chance: with a tenth the macro-F1
# of 200 tweets was 0.494 (spread 0.051 over 5 seeds), with a fifth 0.523 (0.019).
_SHARE, _LARGEST_SHARE, _FEWEST_HELD_OUT = 0.1, 0.2, 40
# What may be computed with; weights are float32 always.
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        rows_rate, head_rate: learning rates for the rows and for the head.
        body_rate: for what stands between; the head's if None.
        batch_size: texts a step.
        chunks: parts of a batch that are computed one after the other, to save memory.
        max_epochs: passes over the texts at most.
        patience: passes without gain on the held-out texts before training stops.
        held_out: share of the texts that chooses the best epoch, or `auto`; 0 trains on all of
            them for `max_epochs`.
        clip: the largest norm of a step's gradient.
        by_length: batches of texts of like length.
        schedule: of the rates, one of `SCHEDULES`; others than `constant` are made for
            `max_epochs`.
        weight_decay: AdamW's, for weights of two dimensions.
        probe_rate, probe_epochs: of the head's own phase, in regimes that have one.
        regularizers: against forgetting.
        precision: `float32`, `bfloat16` (products in it, weights in float32), or `auto`: the
            latter on CUDA.
        seed: of the split, the order and the dropout.
        device: `auto`, `cpu`, or what accelerate finds when the name is any other.
        keep: a folder for the state of the run, from which it goes on after an interruption.
        keep_every: seconds between two savings, at least.
        resume: go on from what `keep` holds; otherwise it is discarded.
    """

    rows_rate: float
    head_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    held_out: float | str
    seed: int
    body_rate: float | None = None
    chunks: int = 1
    clip: float = np.inf
    by_length: bool = False
    schedule: str = "constant"
    weight_decay: float = 0.0
    probe_rate: float = 1e-2
    probe_epochs: int = 50
    regularizers: tuple[Regularizer, ...] = ()
    precision: str = "auto"
    device: str = "auto"
    keep: Path | None = None
    keep_every: float = 60.0
    resume: bool = True

    def split(self, examples: Examples) -> tuple[Examples, Examples]:
        """The texts to train on and the held-out ones; the same at each call."""
        share = self.held_out
        if isinstance(share, str):
            labelled = len(examples) - examples.taught
            share = min(_LARGEST_SHARE, max(_SHARE, _FEWEST_HELD_OUT / max(labelled, 1)))
        return examples.held_out(share, np.random.default_rng(self.seed))

    @property
    def rates(self) -> Rates:
        """The rate of each part."""
        body = self.head_rate if self.body_rate is None else self.body_rate
        return Rates(self.rows_rate, body, self.head_rate)
