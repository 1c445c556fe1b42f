"""One optimizer's run over the texts: epochs and steps, and what can go wrong in them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.core.progress import progress_bar
from wordgraft.core.run_state import RunState
from wordgraft.core.schedules import SCHEDULES
from wordgraft.errors import ProgressError, TrainingError
from wordgraft.networks.network import Network
from wordgraft.networks.rows import EmbeddingRows
from wordgraft.training.batch_gradients import BatchGradients
from wordgraft.training.examples import Examples
from wordgraft.training.interpolation import snapshot
from wordgraft.training.lazy_adamw import LazyRows
from wordgraft.training.param_groups import ROWS, depth_of, layers_of, parameter_groups, part_of
from wordgraft.training.plan import Plan
from wordgraft.training.precision import is_low
from wordgraft.training.regimes import Regime
from wordgraft.training.regularizers import AppliedRegularizer
from wordgraft.training.run_state import (
    STEP,
    TrainingState,
    generator_state,
    load_optimizer,
    load_random,
    optimizer_tensors,
    random_tensors,
)

if TYPE_CHECKING:
    from numpy import ndarray

# Keeps a division by a norm of zero finite; the value is torch's own.
_CLIP_EPS = 1e-6
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
        self.factor = SCHEDULES[plan.schedule](self.steps_per_epoch * plan.epochs)
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
        self._rows_learn = any(each.requires_grad for each in network.rows.parameters())
        top = layers_of(network) + 1
        groups = parameter_groups(
            network,
            plan.rates,
            weight_decay=plan.weight_decay,
            factor=lambda depth: math.prod(each.factor(depth, top) for each in plan.regularizers),
        )
        table, self._table_rate = self._table_of(groups)
        self.model = accelerator.prepare(network)
        self.gradients = BatchGradients(
            network,
            self.model,
            accelerator,
            batch_size=plan.batch_size,
            chunks=plan.chunks,
            low_precision=is_low(plan.precision, accelerator.device),
        )
        self.optimizer = torch.optim.AdamW(groups, fused=True)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self._learning = [p for group in self.optimizer.param_groups for p in group["params"]]
        self._lazy = None if table is None else LazyRows(table)
        learning = self._learning if table is None else [*self._learning, table.layer.weight]
        self.parameters = sum(parameter.numel() for parameter in learning)

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
            if self._lazy is not None:
                self._lazy.close()
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
        self.model.train()
        # Without dropout, an encoder that does not learn gives the same vectors each time.
        self.network.rows.train(self._rows_learn)
        for step, batch in self._batches(first):
            loss = self._step(batch, done + step)
            if not math.isfinite(loss):
                self._stop(loss, done + step + 1)
                return False
            losses.append(loss)
            if self.accelerator.is_main_process:
                content = partial(self._content, start, rng_state, step + 1, losses)
                saved.save_if_due(STEP, content)
        if self._lazy is not None:
            self._lazy.catch_up()
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

    def _table_of(self, groups: list[dict[str, Any]]) -> tuple[EmbeddingRows | None, float]:
        """The table whose rows `LazyRows` trains, and their rate; it leaves the optimizer's groups.

        None if several processes share the gradients.
        """
        table = self.network.rows
        if not isinstance(table, EmbeddingRows) or self.accelerator.num_processes > 1:
            return None, 0.0
        for group in groups:
            others = [each for each in group["params"] if each is not table.layer.weight]
            if len(others) < len(group["params"]) and not group["weight_decay"]:
                group["params"] = others
                return table, group["lr"]
        return None, 0.0

    def _step(self, batch: Examples, step: int) -> float:
        """One step on a batch. If the loss or its gradient is not finite, nothing is changed."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * self.factor(step)
        if self._lazy is not None:
            self._lazy.begin_step(torch.from_numpy(batch.ids.ids).to(self.accelerator.device))
        loss = self._compute_gradients(batch)
        norm = self._clip()
        if not math.isfinite(loss) or not math.isfinite(norm):
            return float("nan") if math.isfinite(loss) else loss
        self.optimizer.step()
        if self._lazy is not None:
            self._lazy.take_step(self._table_rate * self.factor(step))
        return loss

    def _compute_gradients(self, batch: Examples) -> float:
        """The batch's loss; its gradients, in smaller chunks each time memory runs out."""
        while True:
            self.optimizer.zero_grad()
            if self._lazy is not None:
                self._lazy.zero_grad()
            try:
                return self.gradients.add(batch)
            except (MemoryError, RuntimeError) as error:
                if not self.gradients.can_recover_from(error):
                    raise
            self.gradients.use_smaller_chunks()

    def _clip(self) -> float:
        """Limit the norm of the gradient. Returns the norm before."""
        gradients = [each.grad for each in self._learning if each.grad is not None]
        if self._lazy is not None and self._lazy.gradient is not None:
            gradients.append(self._lazy.gradient)
        norm = nn.utils.get_total_norm(gradients)
        if norm > self.plan.clip:
            torch._foreach_mul_(gradients, self.plan.clip / (norm + _CLIP_EPS))
        return float(norm)

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
            "start": {name: each for name, each in start.items() if part_of(name) != ROWS},
            "best": self._best or {},
            "good": self._last_good or {},
            "optimizer": optimizer_tensors(self.optimizer),
            "table": {} if self._lazy is None else self._lazy.tensors(),
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
        table = state.group("table")
        if {*table} != {*(() if self._lazy is None else self._lazy.tensors())}:
            raise ProgressError(
                "the progress was saved on another kind of device or by another version of "
                "wordgraft, and lacks the moments of the rows that this run needs; start over with "
                "--no-resume (resume=False)"
            )
        self.network.load_state_dict(state.group("network"))
        load_optimizer(self.optimizer, state.group("optimizer"))
        if self._lazy is not None:
            self._lazy.load(table)
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
