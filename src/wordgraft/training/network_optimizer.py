"""One step of an optimizer on a batch: rates, gradients, their norm, and AdamW."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wordgraft.core.schedules import SCHEDULES
from wordgraft.errors import ProgressError
from wordgraft.networks.network import Network
from wordgraft.networks.rows import EmbeddingRows
from wordgraft.training.batch_gradients import BatchGradients
from wordgraft.training.examples import Examples
from wordgraft.training.lazy_adamw import LazyRows
from wordgraft.training.param_groups import layers_of, parameter_groups
from wordgraft.training.plan import Plan
from wordgraft.training.precision import is_low
from wordgraft.training.regularizers import AppliedRegularizer
from wordgraft.training.run_state import TrainingState, load_optimizer, optimizer_tensors

# Keeps a division by a norm of zero finite; the value is torch's own.
_CLIP_EPS = 1e-6


class NetworkOptimizer:
    """AdamW for all parameters of a network that learn; `LazyRows` for those of a table.

    Args:
        regularizers: already applied to the network.
        accelerator: accelerate's.
        steps: of the whole run, for the schedule.

    Attributes:
        model: the network as `accelerator` prepared it.
        parameters: how many numbers learn.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        regularizers: Sequence[AppliedRegularizer],
        accelerator: Any,
        *,
        steps: int,
    ) -> None:
        self.network, self.plan, self.accelerator = network, plan, accelerator
        self._regularizers = regularizers
        self._factor = SCHEDULES[plan.schedule](steps)
        top = layers_of(network) + 1
        groups = parameter_groups(
            network,
            plan.rates,
            weight_decay=plan.weight_decay,
            factor=lambda depth: math.prod(
                regularizer.factor(depth, top) for regularizer in plan.regularizers
            ),
        )
        table, self._table_rate = self._table_of(groups)
        self.model = accelerator.prepare(network)
        self._gradients = BatchGradients(
            network,
            self.model,
            accelerator,
            batch_size=plan.batch_size,
            chunks=plan.chunks,
            low_precision=is_low(plan.precision, accelerator.device),
        )
        self._adamw = torch.optim.AdamW(groups, fused=True)
        for group in self._adamw.param_groups:
            group["initial_lr"] = group["lr"]
        self._learning = [p for group in self._adamw.param_groups for p in group["params"]]
        self._lazy = None if table is None else LazyRows(table)
        learning = self._learning if table is None else [*self._learning, table.layer.weight]
        self.parameters = sum(parameter.numel() for parameter in learning)

    def step(self, batch: Examples, number: int) -> float:
        """One step on a batch, the `number`th of the run. Returns the loss.

        If the loss or its gradient is not finite, nothing is changed, and infinity or NaN returned.
        """
        for group in self._adamw.param_groups:
            group["lr"] = group["initial_lr"] * self._factor(number)
        if self._lazy is not None:
            self._lazy.begin_step(torch.from_numpy(batch.ids.ids).to(self.accelerator.device))
        loss = self._compute_gradients(batch)
        for regularizer in self._regularizers:
            regularizer.before_step()
        norm = self._clip()
        if not math.isfinite(loss) or not math.isfinite(norm):
            return float("nan") if math.isfinite(loss) else loss
        self._adamw.step()
        if self._lazy is not None:
            self._lazy.take_step(self._table_rate * self._factor(number))
        return loss

    def catch_up(self) -> None:
        """Bring waiting rows up to date; see `LazyRows`."""
        if self._lazy is not None:
            self._lazy.catch_up()

    def close(self) -> None:
        """Leave the network as it is without an optimizer, with all rows up to date."""
        if self._lazy is not None:
            self._lazy.close()

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """The state in the groups of a `TrainingState`, without the weights."""
        lazy = {} if self._lazy is None else self._lazy.tensors()
        return {"optimizer": optimizer_tensors(self._adamw), "table": lazy}

    def load(self, state: TrainingState) -> None:
        """The inverse of `tensors`. Raises `ProgressError` if it was saved for other rows."""
        table = state.group("table")
        if {*table} != {*self.tensors()["table"]}:
            raise ProgressError(
                "the progress was saved on another kind of device or by another version of "
                "wordgraft, and lacks the moments of the rows that this run needs; start over with "
                "resume=False"
            )
        load_optimizer(self._adamw, state.group("optimizer"))
        if self._lazy is not None:
            self._lazy.load(table)

    def _table_of(self, groups: list[dict[str, Any]]) -> tuple[EmbeddingRows | None, float]:
        """The table whose rows `LazyRows` trains, and their rate; it leaves the optimizer's groups.

        None if several processes share the gradients.
        """
        table = self.network.rows
        if not isinstance(table, EmbeddingRows) or self.accelerator.num_processes > 1:
            return None, 0.0
        for group in groups:
            others = [weight for weight in group["params"] if weight is not table.layer.weight]
            if len(others) < len(group["params"]) and not group["weight_decay"]:
                group["params"] = others
                return table, group["lr"]
        return None, 0.0

    def _compute_gradients(self, batch: Examples) -> float:
        """The batch's loss; its gradients, in smaller chunks each time memory runs out."""
        while True:
            self._adamw.zero_grad()
            if self._lazy is not None:
                self._lazy.zero_grad()
            try:
                return self._gradients.add(batch)
            except (MemoryError, RuntimeError) as error:
                if not self._gradients.can_recover_from(error):
                    raise
            self._gradients.use_smaller_chunks()

    def _clip(self) -> float:
        """Limit the norm of the gradient. Returns the norm before."""
        gradients = [weight.grad for weight in self._learning if weight.grad is not None]
        if self._lazy is not None and self._lazy.gradient is not None:
            gradients.append(self._lazy.gradient)
        norm = nn.utils.get_total_norm(gradients)
        if norm > self.plan.clip:
            torch._foreach_mul_(gradients, self.plan.clip / (norm + _CLIP_EPS))
        return float(norm)
