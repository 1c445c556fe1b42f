"""The loop: epochs until the held-out texts stop gaining, the best weights kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.errors import TrainingError
from wordgraft.extras import require
from wordgraft.progress import progress_bar
from wordgraft.training.examples import Batch, Examples
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import Regime

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

# Texts at once where no gradient is kept.
_READING_BATCH = 1024
# What `auto` holds out. Ten texts of 100 or 20 of 200 choose by chance: with a tenth the macro-F1
# of 200 tweets was 0.494 (spread 0.051 over 5 seeds), with a fifth 0.523 (0.019).
_SHARE, _LARGEST_SHARE, _FEWEST_HELD_OUT = 0.1, 0.2, 40
_LIBRARIES = ("wordgraft", "torch", "accelerate", "numpy", "tokenizers")


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        rows_rate, head_rate: learning rates of Adam for the grafted rows and for the rest.
        batch_size: texts a step.
        max_epochs: passes over the texts at most.
        patience: passes without gain on the held-out texts before training stops.
        held_out: share of the texts that chooses the best epoch, or `auto`; 0 trains on all of
            them for `max_epochs`.
        seed: of the split, the order and the dropout.
        device: `auto`, `cpu`, or what accelerate finds when the name is any other.
    """

    rows_rate: float
    head_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    held_out: float | str
    seed: int
    device: str = "auto"

    def split(self, examples: Examples) -> tuple[Examples, Examples]:
        """The texts to train on and the held-out ones; the same at each call."""
        share = self.held_out
        if isinstance(share, str):
            share = min(_LARGEST_SHARE, max(_SHARE, _FEWEST_HELD_OUT / max(len(examples), 1)))
        return examples.held_out(share, np.random.default_rng(self.seed))


@dataclass
class _Progress:
    losses: list[float] = field(default_factory=list)
    held_out_losses: list[float] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: dict[str, Tensor] | None = None

    def add(self, network: nn.Module, loss: float, held_out_loss: float | None) -> None:
        self.losses.append(loss)
        if held_out_loss is None:
            self.best_epoch = len(self.losses)
            return
        if held_out_loss < min(self.held_out_losses, default=np.inf):
            self.best_epoch = len(self.losses)
            self.best_weights = deepcopy(network.state_dict())
        self.held_out_losses.append(held_out_loss)

    @property
    def epochs_without_gain(self) -> int:
        return len(self.losses) - self.best_epoch


def train(
    network: nn.Module,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    class_weights: Float32[ndarray, " classes"] | None = None,
    names: tuple[str, str],
    progress: bool = False,
) -> RunRecord:
    """Train `network` in place and leave it with its best weights, on the CPU.

    `names` are those of the network and of its init, for the record. Raises `TrainingError` when
    the loss is no longer a number.
    """
    accelerate = require("accelerate", purpose="training")
    rng = np.random.default_rng(plan.seed)
    rest, held_out = plan.split(examples)
    accelerator = accelerate.Accelerator(cpu=plan.device == "cpu")
    groups = regime.parameter_groups(network, rows_rate=plan.rows_rate, head_rate=plan.head_rate)
    optimizer = torch.optim.Adam(groups, fused=True)
    model, optimizer = accelerator.prepare(network, optimizer)
    weight = None if class_weights is None else torch.from_numpy(class_weights)
    loss_of = nn.CrossEntropyLoss(weight=weight).to(accelerator.device)
    done, started = _Progress(), time.perf_counter()
    with _seeded(plan.seed), progress_bar("training", plan.max_epochs, show=progress) as advance:
        while len(done.losses) < plan.max_epochs and done.epochs_without_gain < plan.patience:
            losses = []
            model.train()
            for batch in rest.batches(plan.batch_size, rng):
                optimizer.zero_grad()
                logits, classes = _forward(model, batch, accelerator.device)
                loss = loss_of(logits, classes)
                accelerator.backward(loss)
                optimizer.step()
                losses.append(float(loss.detach()))
            done.add(network, _finite(losses, plan), _loss_on(model, held_out, loss_of))
            advance(note=f"loss {done.losses[-1]:.3f}")
    if done.best_weights is not None:
        network.load_state_dict(done.best_weights)
    network.to("cpu").eval()
    return RunRecord(
        network=names[0],
        init=names[1],
        regime=regime.name,
        seed=plan.seed,
        texts=len(rest),
        held_out=len(held_out),
        epochs=len(done.losses),
        best_epoch=done.best_epoch,
        seconds=time.perf_counter() - started,
        parameters=sum(p.numel() for group in optimizer.param_groups for p in group["params"]),
        losses=tuple(done.losses),
        held_out_losses=tuple(done.held_out_losses),
        versions={library: version(library) for library in _LIBRARIES},
    )


def probabilities(network: nn.Module, examples: Examples) -> Float32[ndarray, "texts classes"]:
    """What the network, on the CPU, makes of each text; rows add up to 1."""
    network.eval()
    with torch.inference_mode():
        parts = [
            torch.softmax(_forward(network, batch, torch.device("cpu"))[0], dim=1).numpy()
            for batch in examples.batches(_READING_BATCH)
        ]
    return np.concatenate(parts)


def _forward(model: Any, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    ids, offsets = torch.from_numpy(batch.ids), torch.from_numpy(batch.offsets)
    logits = model(ids.to(device), offsets.to(device))
    return logits, torch.from_numpy(batch.classes).to(device)


def _loss_on(model: Any, held_out: Examples, loss_of: nn.Module) -> float | None:
    if not len(held_out):
        return None
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        pairs = [_forward(model, b, device) for b in held_out.batches(_READING_BATCH)]
        logits, classes = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        return float(loss_of(logits, classes))


def _finite(losses: list[float], plan: Plan) -> float:
    mean = float(np.mean(losses))
    if not np.isfinite(mean):
        raise TrainingError(
            f"the training loss became {mean}; lower the learning rates (rows {plan.rows_rate}, "
            f"head {plan.head_rate}), or look for very large values in the table"
        )
    return mean


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw dropout from `seed`, and leave the caller's random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
