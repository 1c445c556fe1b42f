"""The loop: epochs until the held-out texts stop gaining, the best weights kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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
from wordgraft.networks.inputs import Inputs
from wordgraft.networks.network import Network
from wordgraft.progress import progress_bar
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import Regime

if TYPE_CHECKING:
    from numpy import ndarray

# Texts at once where no gradient is kept.
_READING_BATCH = 256
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
        clip: the largest norm of a step's gradient.
        by_length: batches of texts of like length.
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
    clip: float = np.inf
    by_length: bool = False
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


# How bad a network is on held-out texts: its loss, or what a task would rather have small.
Judge = Callable[[Network, Examples], float]


def train(
    network: Network,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    names: tuple[str, str],
    judge: Judge | None = None,
    progress: bool = False,
) -> RunRecord:
    """Train `network` in place and leave it with its best weights, on the CPU.

    `names` are those of the network and of its init, for the record; `judge` chooses the best
    epoch, the held-out loss by default. Raises `TrainingError` when the loss is no longer a number.
    """
    accelerate = require("accelerate", purpose="training")
    rng = np.random.default_rng(plan.seed)
    rest, held_out = plan.split(examples)
    accelerator = accelerate.Accelerator(cpu=plan.device == "cpu")
    groups = regime.parameter_groups(network, rows_rate=plan.rows_rate, head_rate=plan.head_rate)
    optimizer = torch.optim.Adam(groups, fused=True)
    model, optimizer = accelerator.prepare(network, optimizer)
    done, started = _Progress(), time.perf_counter()
    learning = [p for group in optimizer.param_groups for p in group["params"]]
    with _seeded(plan.seed), progress_bar("training", plan.max_epochs, show=progress) as advance:
        while len(done.losses) < plan.max_epochs and done.epochs_without_gain < plan.patience:
            losses = []
            model.train()
            for batch in rest.batches(plan.batch_size, rng, by_length=plan.by_length):
                optimizer.zero_grad()
                loss = _loss(model, network, batch, accelerator.device)
                accelerator.backward(loss)
                if plan.clip < np.inf:
                    accelerator.clip_grad_norm_(learning, plan.clip)
                optimizer.step()
                losses.append(float(loss.detach()))
            found = None if not len(held_out) else (judge or loss_on)(network, held_out)
            done.add(network, _finite(losses, plan), found)
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
        parameters=sum(p.numel() for p in learning),
        losses=tuple(done.losses),
        held_out_losses=tuple(done.held_out_losses),
        versions={library: version(library) for library in _LIBRARIES},
    )


def predictions(network: Network, examples: Examples) -> ndarray:
    """What the network makes of each text or word, in their order; see `Head.predict`."""
    parts = [network.predict(logits, inputs) for logits, inputs, _ in _read(network, examples)]
    return np.concatenate(parts)


def loss_on(network: Network, examples: Examples) -> float:
    """The loss of the texts, taken together."""
    logits, read, batches = zip(*_read(network, examples), strict=True)
    inputs = Inputs(
        torch.cat([each.ids for each in read]), torch.cat([each.lengths for each in read]), {}
    )
    targets = torch.cat([targets_of(batch, logits[0].device) for batch in batches])
    with torch.inference_mode():
        return float(network.loss(torch.cat(logits), inputs, targets))


def _read(network: Network, examples: Examples) -> Iterator[tuple[Tensor, Inputs, Examples]]:
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        for batch in examples.batches(_READING_BATCH):
            inputs = inputs_of(batch, device)
            yield network(inputs), inputs, batch


def _loss(model: Any, network: Network, batch: Examples, device: torch.device) -> Tensor:
    inputs = inputs_of(batch, device)
    return network.loss(model(inputs), inputs, targets_of(batch, device))


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
