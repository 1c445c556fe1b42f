"""One optimizer's run over the texts: its epochs, its best weights, and its state."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from wordgraft.core.progress import progress_bar
from wordgraft.core.run_state import RunState
from wordgraft.errors import TrainingError
from wordgraft.networks.network import Network
from wordgraft.training.examples import Examples
from wordgraft.training.interpolation import snapshot
from wordgraft.training.network_optimizer import NetworkOptimizer
from wordgraft.training.param_groups import ROWS, depth_of, part_of
from wordgraft.training.plan import Plan
from wordgraft.training.regimes import Regime
from wordgraft.training.regularizers import AppliedRegularizer
from wordgraft.training.run_state import (
    STEP,
    TrainingState,
    generator_state,
    load_random,
    random_tensors,
)

if TYPE_CHECKING:
    from numpy import ndarray

_LOG = logging.getLogger(__name__)
_Weights = dict[str, Tensor]


@dataclass
class Epochs:
    """The losses of the epochs so far."""

    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best: int = 0

    def add(self, loss: float, validation_loss: float | None) -> bool:
        """Whether this epoch is the best so far; without a validation loss the last one is.

        >>> epochs = Epochs()
        >>> [epochs.add(1.0, 0.5), epochs.add(0.8, 0.7), epochs.best]
        [True, False, 1]
        """
        self.losses.append(loss)
        lowest = min(self.validation_losses, default=math.inf)
        is_best = validation_loss is None or validation_loss < lowest
        if validation_loss is not None:
            self.validation_losses.append(validation_loss)
        if is_best:
            self.best = len(self.losses)
        return is_best

    @property
    def without_improvement(self) -> int:
        """Epochs since the best one."""
        return len(self.losses) - self.best


class OptimizerRun:
    """A network, the texts it learns from, and how it learns.

    Args:
        regularizers: already applied to the network.
        accelerator: accelerate's.
        validation_loss: how bad the network is after an epoch; None keeps the last weights.

    Attributes:
        epochs: the losses so far.
        parameters: how many numbers learn.
        stopped: why training ended early; None if it did not.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        plan: Plan,
        regime: Regime,
        regularizers: list[AppliedRegularizer],
        accelerator: Any,
        validation_loss: Callable[[Network], float] | None,
    ) -> None:
        self.network, self.examples, self.plan = network, examples, plan
        self.accelerator, self.validation_loss = accelerator, validation_loss
        self.rng = np.random.default_rng(plan.seed)
        self.steps_per_epoch = -(-len(examples) // plan.batch_size)
        self.epochs = Epochs()
        self.stopped: str | None = None
        # The weights to end with: of the best epoch, or of the last complete one.
        self._best: _Weights | None = None
        self._last_good: _Weights | None = None
        for name, parameter in network.named_parameters():
            if part_of(name) == ROWS:
                learns = regime.learns(depth_of(network, name)) and all(
                    regularizer.may_learn(name) for regularizer in regularizers
                )
                parameter.requires_grad_(learns)
        self._rows_learn = any(weight.requires_grad for weight in network.rows.parameters())
        self.optimizer = NetworkOptimizer(
            network, plan, regularizers, accelerator, steps=self.steps_per_epoch * plan.epochs
        )
        self.parameters = self.optimizer.parameters

    def train(self, saved: RunState, state: TrainingState | None, *, progress: bool) -> None:
        """Train to the end and leave the best weights in the network.

        Args:
            saved: where the state is saved from time to time.
            state: where to continue; None starts from the beginning.

        Raises `TrainingError` if the loss becomes infinite or NaN in the first epoch.
        """
        try:
            self._train(saved, state, progress=progress)
        finally:
            self.optimizer.close()
        if self._best is not None:
            self.network.load_state_dict(self._best)

    @property
    def padding(self) -> float | None:
        """Share of padding in what an encoder read while training; None for other rows."""
        rows: Any = self.network.rows
        places = int(getattr(rows, "places_read", 0))
        return 1 - float(rows.tokens_read / places) if places else None

    def _train(self, saved: RunState, state: TrainingState | None, *, progress: bool) -> None:
        start = snapshot(self.network) if saved.folder is not None else {}
        first, losses = self._resume(state)
        if self.validation_loss is None and not self._last_good:
            self._last_good = snapshot(self.network)
        with progress_bar("training", self.plan.epochs, show=progress) as advance:
            advance(len(self.epochs.losses))
            while self._continues:
                if not self._epoch(saved, start, first, losses):
                    self._best = self._best or self._last_good
                    break
                first, losses = 0, []
                advance(note=f"loss {self.epochs.losses[-1]:.3f}")

    @property
    def _continues(self) -> bool:
        done = len(self.epochs.losses)
        return done < self.plan.epochs and self.epochs.without_improvement < self.plan.patience

    def _epoch(self, saved: RunState, start: _Weights, first: int, losses: list[float]) -> bool:
        """One epoch from step `first` on. Returns False if the loss became infinite or NaN."""
        rng_state = generator_state(self.rng)
        done = len(self.epochs.losses) * self.steps_per_epoch
        self.optimizer.model.train()
        # Without dropout, an encoder that does not learn gives the same vectors each time.
        self.network.rows.train(self._rows_learn)
        for step, batch in self._batches(first):
            loss = self.optimizer.step(batch, done + step)
            if not math.isfinite(loss):
                self._stop(loss, done + step + 1)
                return False
            losses.append(loss)
            if self.accelerator.is_main_process:
                content = partial(self._content, start, rng_state, step + 1, losses)
                saved.save_if_due(STEP, content)
        self.optimizer.catch_up()
        validation_loss = self.validation_loss(self.network) if self.validation_loss else None
        improved = self.epochs.add(float(np.mean(losses)), validation_loss)
        if self.validation_loss is None:
            self._last_good = snapshot(self.network)
        elif improved:
            self._best = snapshot(self.network)
        return True

    def _batches(self, first: int) -> Iterator[tuple[int, Examples]]:
        """The batches of an epoch with their numbers, from number `first` on."""
        batches = self.examples.batches(
            self.plan.batch_size, self.rng, by_length=self.plan.by_length
        )
        return ((step, batch) for step, batch in enumerate(batches) if step >= first)

    def _stop(self, loss: float, step: int) -> None:
        advice = (
            f"lower the learning rates (rows {self.plan.rows_rate}, head {self.plan.head_rate}), "
            "or look for very large values in the table"
        )
        if not self.epochs.losses:
            raise TrainingError(f"the training loss became {loss} at step {step}; {advice}")
        self.stopped = f"loss {loss} at step {step}"
        _LOG.warning(
            "the training loss became %s at step %d: training stops with the weights after epoch "
            "%d; %s",
            loss,
            step,
            self.epochs.best,
            advice,
        )

    def _content(
        self, start: _Weights, rng_state: dict[str, Any], step: int, losses: list[float]
    ) -> tuple[dict[str, ndarray], Mapping[str, Any]]:
        """The state after `step` steps of an epoch, as `RunState` saves it."""
        tensors = {
            "network": snapshot(self.network),
            "start": {name: weight for name, weight in start.items() if part_of(name) != ROWS},
            "best": self._best or {},
            "good": self._last_good or {},
            **self.optimizer.tensors(),
            "random": random_tensors(),
        }
        position = {
            "rng": rng_state,
            "step": step,
            "losses_of_epoch": losses,
            "losses": self.epochs.losses,
            "validation_losses": self.epochs.validation_losses,
            "best_epoch": self.epochs.best,
        }
        return TrainingState(tensors, position).content()

    def _resume(self, state: TrainingState | None) -> tuple[int, list[float]]:
        """Load a state. Returns the step of the epoch to continue with, and losses before it."""
        if state is None:
            return 0, []
        self.optimizer.load(state)
        self.network.load_state_dict(state.group("network"))
        load_random(state.group("random"))
        position = state.position
        self.rng.bit_generator.state = position["rng"]
        self._best = state.group("best") or None
        self._last_good = state.group("good") or None
        self.epochs = Epochs(
            position["losses"], position["validation_losses"], position["best_epoch"]
        )
        _LOG.info(
            "resuming after step %d of epoch %d", position["step"], len(self.epochs.losses) + 1
        )
        return int(position["step"]), list(position["losses_of_epoch"])
