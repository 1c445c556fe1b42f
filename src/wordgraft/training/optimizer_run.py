"""One optimizer's run over the texts: epochs, steps, and what may go wrong in them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.core.progress import progress_bar
from wordgraft.errors import ProgressError, TrainingError
from wordgraft.networks.network import Network
from wordgraft.networks.rows import EmbeddingRows
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples
from wordgraft.training.interpolation import snapshot
from wordgraft.training.lazy_adamw import LazyRows
from wordgraft.training.param_groups import ROWS, depth_of, layers_of, parameter_groups, part_of
from wordgraft.training.plan import Plan
from wordgraft.training.precision import is_low
from wordgraft.training.regimes import Regime
from wordgraft.training.regularizers import AppliedRegularizer
from wordgraft.training.run_state import (
    Keeper,
    Kept,
    generator_state,
    load_optimizer,
    load_random,
    optimizer_tensors,
    random_tensors,
)
from wordgraft.training.schedules import SCHEDULES

# As torch has it: a norm of nothing is not divided by.
_CLIP_EPS = 1e-6
_LOG = logging.getLogger(__name__)
# How allocators of torch say that there is no memory left, where they raise a RuntimeError.
_NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")


@dataclass
class Done:
    """What came of the epochs so far."""

    losses: list[float] = field(default_factory=list)
    held_out_losses: list[float] = field(default_factory=list)
    best_epoch: int = 0

    def add(self, loss: float, held_out_loss: float | None) -> bool:
        """Whether this epoch is the best so far."""
        self.losses.append(loss)
        best = held_out_loss is None or held_out_loss < min(self.held_out_losses, default=np.inf)
        if held_out_loss is not None:
            self.held_out_losses.append(held_out_loss)
        if best:
            self.best_epoch = len(self.losses)
        return best

    @property
    def epochs_without_gain(self) -> int:
        return len(self.losses) - self.best_epoch


class Run:
    """A network, the texts it learns from, and how.

    Args:
        judge: how bad the network is after an epoch; None keeps the last weights.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        plan: Plan,
        regime: Regime,
        regularizers: list[AppliedRegularizer],
        accelerator: Any,
        judge: Callable[[Network], float] | None,
    ) -> None:
        self.network, self.examples, self.plan, self.regime = network, examples, plan, regime
        self.accelerator, self.judge = accelerator, judge
        self.chunks = plan.chunks
        self.rng = np.random.default_rng(plan.seed)
        self.steps_an_epoch = -(-len(examples) // plan.batch_size)
        self.steps = self.steps_an_epoch * plan.max_epochs
        self.factor = SCHEDULES[plan.schedule](self.steps)
        self.low_precision = is_low(plan.precision, accelerator.device)
        self.done = Done()
        self.best: dict[str, Tensor] | None = None
        self.stopped: str | None = None
        top = layers_of(network) + 1
        for name, parameter in network.named_parameters():
            if part_of(name) == ROWS:
                learns = regime.learns(depth_of(network, name)) and all(
                    each.may_learn(name) for each in regularizers
                )
                parameter.requires_grad_(learns)
        self._rows_learn = any(each.requires_grad for each in network.rows.parameters())
        groups = parameter_groups(
            network,
            plan.rates,
            weight_decay=plan.weight_decay,
            factor=lambda depth: float(
                np.prod([each.factor(depth, top) for each in plan.regularizers])
            ),
        )
        table, self.table_rate = self._table_of(groups)
        self.model = accelerator.prepare(network)
        self.optimizer = torch.optim.AdamW(groups, fused=True)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self.learning = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.lazy = None if table is None else LazyRows(table)
        learning = self.learning if table is None else [*self.learning, table.layer.weight]
        self.parameters = sum(each.numel() for each in learning)

    def go(self, keeper: Keeper | None, kept: Kept | None, *, progress: bool) -> None:
        """Train to the end and leave the best weights in the network.

        Raises `TrainingError` when the loss is no number before the first epoch has ended.
        """
        try:
            self._epochs(keeper, kept, progress=progress)
        finally:
            if self.lazy is not None:
                self.lazy.close()
        if self.best is not None:
            self.network.load_state_dict(self.best)

    def _epochs(self, keeper: Keeper | None, kept: Kept | None, *, progress: bool) -> None:
        plan, start = self.plan, snapshot(self.network) if keeper is not None else {}
        first, losses = self._from(kept)
        good = self._good(kept)
        saved = time.monotonic()
        with progress_bar("training", plan.max_epochs, show=progress) as advance:
            advance(len(self.done.losses))
            while (
                len(self.done.losses) < plan.max_epochs
                and self.done.epochs_without_gain < plan.patience
            ):
                before = generator_state(self.rng)
                epoch, failed = len(self.done.losses), False
                batches = self.examples.batches(plan.batch_size, self.rng, by_length=plan.by_length)
                self.model.train()
                # An encoder that does not learn gives the same vectors each time.
                self.network.rows.train(self._rows_learn)
                for step, batch in enumerate(batches):
                    if step < first:  # done before an interruption
                        continue
                    loss = self._step(batch, epoch * self.steps_an_epoch + step)
                    if not np.isfinite(loss):
                        failed = True
                        self._fail(loss, epoch * self.steps_an_epoch + step + 1, epoch)
                        break
                    losses.append(loss)
                    if keeper is not None and time.monotonic() - saved > plan.keep_every:
                        self._keep(keeper, start, good or {}, before, step + 1, losses)
                        saved = time.monotonic()
                if failed:
                    self.best = self.best or good
                    break
                first = 0
                if self.lazy is not None:
                    self.lazy.catch_up()
                judged = None if self.judge is None else self.judge(self.network)
                gained = self.done.add(float(np.mean(losses)), judged)
                losses = []
                if self.judge is None:
                    good = snapshot(self.network)
                elif gained:
                    self.best = snapshot(self.network)
                advance(note=f"loss {self.done.losses[-1]:.3f}")

    @property
    def padding(self) -> float | None:
        """Share of padding among what an encoder read in training; None for other rows."""
        rows: Any = self.network.rows
        places = int(getattr(rows, "places_read", 0))
        return 1 - float(rows.tokens_read / places) if places else None

    def _table_of(self, groups: list[dict[str, Any]]) -> tuple[EmbeddingRows | None, float]:
        """The table whose rows learn one by one, and their rate; it leaves the optimizer's groups.

        None if several processes share the gradients.
        """
        table = self.network.rows
        if not isinstance(table, EmbeddingRows) or self.accelerator.num_processes > 1:
            return None, 0.0
        for group in groups:
            rest = [each for each in group["params"] if each is not table.layer.weight]
            if len(rest) < len(group["params"]) and not group["weight_decay"]:
                group["params"] = rest
                return table, group["lr"]
        return None, 0.0

    def _step(self, batch: Examples, step: int) -> float:
        """One step on a batch; its loss, which may be no number: then nothing was changed."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * self.factor(step)
        if self.lazy is not None:
            self.lazy.begin_step(torch.from_numpy(batch.ids.ids).to(self.accelerator.device))
        loss = self._gradients(batch)
        norm = self._norm()
        if not np.isfinite(loss) or not np.isfinite(norm):
            return float("nan") if np.isfinite(loss) else loss
        self.optimizer.step()
        if self.lazy is not None:
            self.lazy.take_step(self.table_rate * self.factor(step))
        return loss

    def _gradients(self, batch: Examples) -> float:
        """The batch's gradients, in more and smaller chunks each time memory does not suffice."""
        while True:
            try:
                return self._in_chunks(batch)
            except (MemoryError, RuntimeError) as error:
                if not _is_memory(error) or self.chunks >= self.plan.batch_size:
                    raise
            self.chunks *= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            _LOG.warning(
                "out of memory: each batch of %d texts is now computed in %d parts, whose "
                "gradients add up to the same",
                self.plan.batch_size,
                self.chunks,
            )

    def _in_chunks(self, batch: Examples) -> float:
        self.optimizer.zero_grad()
        if self.lazy is not None:
            self.lazy.zero_grad()
        processes = self.accelerator.num_processes
        own, alone = self._own_share(batch)
        parts = _cut(own, self.chunks)
        whole = max(1, len(batch.flat_targets))
        total = torch.zeros((), device=self.accelerator.device)
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                # Gradients are averaged over the processes, and are to be those of the batch.
                share = len(part.flat_targets) / whole * (processes if alone else 1)
                loss = self._loss(part) * share
                self.accelerator.backward(loss)
            total += loss.detach() / processes
        return float(self.accelerator.reduce(total, "sum"))

    def _own_share(self, batch: Examples) -> tuple[Examples, bool]:
        """The texts of a batch that this process computes, and whether it is alone with them.

        A batch of fewer texts than there are processes is computed whole by each.
        """
        here, processes = self.accelerator.process_index, self.accelerator.num_processes
        if processes == 1 or len(batch) < processes:
            return batch, processes == 1
        borders = np.linspace(0, len(batch), processes + 1).round().astype(int)
        own = np.arange(borders[here], borders[here + 1])
        return batch.take(own), True

    def _loss(self, part: Examples) -> Tensor:
        device = self.accelerator.device
        inputs, targets = inputs_of(part, device), targets_of(part, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.low_precision):
            logits = self.model(inputs)
        return self.network.loss(logits.float(), inputs, targets)

    def _norm(self) -> float:
        given = [each.grad for each in self.learning if each.grad is not None]
        if self.lazy is not None and self.lazy.gradient is not None:
            given.append(self.lazy.gradient)
        norm = nn.utils.get_total_norm(given)
        if norm > self.plan.clip:
            torch._foreach_mul_(given, self.plan.clip / (norm + _CLIP_EPS))
        return float(norm)

    def _fail(self, loss: float, step: int, epoch: int) -> None:
        advice = (
            f"lower the learning rates (rows {self.plan.rows_rate}, head {self.plan.head_rate}), "
            "or look for very large values in the table"
        )
        if not epoch:
            raise TrainingError(f"the training loss became {loss} at step {step}; {advice}")
        self.stopped = f"loss {loss} at step {step}"
        _LOG.warning(
            "the training loss became %s at step %d: training stops with the weights after epoch "
            "%d; %s",
            loss,
            step,
            self.done.best_epoch,
            advice,
        )

    def _keep(
        self,
        keeper: Keeper,
        start: dict[str, Tensor],
        good: dict[str, Tensor],
        rng: dict[str, Any],
        step: int,
        losses: list[float],
    ) -> None:
        if not self.accelerator.is_main_process:
            return
        parts = {
            "network": snapshot(self.network),
            "start": {name: each for name, each in start.items() if part_of(name) != ROWS},
            "best": self.best or {},
            "good": good,
            "optimizer": optimizer_tensors(self.optimizer),
            "table": {} if self.lazy is None else self.lazy.tensors(),
            "random": random_tensors(),
        }
        tensors = {
            f"{part}.{name}": each for part, of in parts.items() for name, each in of.items()
        }
        position = {
            "rng": rng,
            "step": step,
            "losses_of_epoch": losses,
            "losses": self.done.losses,
            "held_out_losses": self.done.held_out_losses,
            "best_epoch": self.done.best_epoch,
        }
        keeper.save(Kept(tensors, position))

    def _good(self, kept: Kept | None) -> dict[str, Tensor] | None:
        """Weights after the last whole epoch, to go back to where no judge keeps the best."""
        if self.judge is not None:
            return None
        return (kept.group("good") if kept is not None else {}) or snapshot(self.network)

    def _from(self, kept: Kept | None) -> tuple[int, list[float]]:
        """Take up a kept state: the step to go on with in its epoch, and losses of those before."""
        if kept is None:
            return 0, []
        table = kept.group("table")
        if {*table} != {*(() if self.lazy is None else self.lazy.tensors())}:
            raise ProgressError(
                "the progress was kept on another kind of device or by another wordgraft, and does "
                "not hold the moments of the rows as this run needs them; start over with "
                "--no-resume (resume=False)"
            )
        self.network.load_state_dict(kept.group("network"))
        load_optimizer(self.optimizer, kept.group("optimizer"))
        if self.lazy is not None:
            self.lazy.load(table)
        load_random(kept.group("random"))
        at = kept.position
        self.rng.bit_generator.state = at["rng"]
        self.best = kept.group("best") or None
        self.done = Done(at["losses"], at["held_out_losses"], at["best_epoch"])
        _LOG.info("going on after step %d of epoch %d", at["step"], len(self.done.losses) + 1)
        return int(at["step"]), list(at["losses_of_epoch"])


def _cut(batch: Examples, chunks: int) -> list[Examples]:
    if chunks == 1:
        return [batch]
    parts = np.array_split(np.arange(len(batch)), min(chunks, max(1, len(batch))))
    return [batch.take(part) for part in parts]


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(say in str(error) for say in _NO_MEMORY)
