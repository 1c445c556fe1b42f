"""Training: a regime's phases, one after the other, and the record of what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.core.optional import require
from wordgraft.core.versions import library_versions
from wordgraft.networks.network import Network
from wordgraft.training import head_features as probe
from wordgraft.training.examples import Examples
from wordgraft.training.inference import (
    Judge,
    features,
    loss_on,
    predictions,
    predictions_and_loss,
    predictions_lowered,
)
from wordgraft.training.interpolation import start_of
from wordgraft.training.optimizer_run import Run
from wordgraft.training.plan import Plan
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES, Regime
from wordgraft.training.regularizers import AppliedRegularizer, Regularizer
from wordgraft.training.run_state import Keeper, fingerprint

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Judge",
    "Plan",
    "features",
    "loss_on",
    "predictions",
    "predictions_and_loss",
    "predictions_lowered",
    "train",
]

# Of the head's own phase: passes without gain before it ends, and the share that is held out.
_PROBE_PATIENCE, _PROBE_SHARE = 5, 0.2


def train(
    network: Network,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    names: tuple[str, str],
    judge: Judge | None = None,
    on_start: Callable[[dict[str, Tensor]], None] | None = None,
    progress: bool = False,
) -> RunRecord:
    """Train `network` in place and leave it with its best weights, on the device it came on.

    Args:
        names: of the network and of its init, for the record.
        judge: chooses the best epoch; the held-out loss by default.
        on_start: is given the weights at which the rows begin to learn, as `start_of` says.

    Where the loss is no longer a number after some passes, the network gets the weights of the
    last good one, and the log and the record say at which step that was. Raises `TrainingError`
    when it happens before, `ProgressError` when `plan.keep` holds another run, and `OutputError`
    when the state cannot be kept there.
    """
    accelerate = require("accelerate", purpose="training")
    rest, held_out = plan.split(examples)
    started = time.perf_counter()
    with _accelerated(accelerate, plan) as accelerator, _seeded(plan.seed):
        processes = accelerator.num_processes
        keeper = _keeper(network, examples, plan, regime, names, processes) if plan.keep else None
        kept = keeper.load() if keeper is not None else None
        applied = [each.apply(network, seed=plan.seed) for each in plan.regularizers]
        home = next(network.parameters()).device
        network.to(accelerator.device)
        head_trained = regime.head_first
        if kept is not None:
            network.load_state_dict(kept.group("start"), strict=False)
        elif head_trained:
            _train_head(network, rest, held_out, plan, accelerator)
        if on_start is not None:
            on_start(start_of(network, head_trained=head_trained))
        run = _run(network, rest, held_out, plan, regime, applied, accelerator, judge)
        run.go(keeper, kept, progress=progress)
        for regularizer in applied:
            regularizer.end()
    network.to(home).eval()
    return RunRecord(
        network=names[0],
        init=names[1],
        regime=regime.name,
        seed=plan.seed,
        texts=len(rest),
        held_out=len(held_out),
        epochs=len(run.done.losses),
        best_epoch=run.done.best_epoch,
        seconds=time.perf_counter() - started,
        parameters=run.parameters,
        losses=tuple(run.done.losses),
        held_out_losses=tuple(run.done.held_out_losses),
        versions=library_versions(),
        regularizers=tuple(_described(each) for each in plan.regularizers),
        padding=run.padding,
        stopped=run.stopped,
        batch_size=plan.batch_size,
        taught=rest.taught,
    )


def _run(
    network: Network,
    rest: Examples,
    held_out: Examples,
    plan: Plan,
    regime: Regime,
    regularizers: list[AppliedRegularizer],
    accelerator: Any,
    judge: Judge | None,
) -> Run:
    """The phase in which the rows learn; or the head alone on features computed once."""
    judged: Callable[[Network], float] | None = None
    if regime.trainable_rows or not probe.can_stand_apart(network):
        if len(held_out):
            judged = lambda each: (judge or loss_on)(each, held_out)  # noqa: E731
        return Run(network, rest, plan, regime, regularizers, accelerator, judged)
    head, (rest, apart) = probe.apart(network, rest, held_out)
    if len(held_out):
        judged = lambda each: (judge or loss_on)(each, apart)  # noqa: E731
    return Run(head, rest, plan, regime, regularizers, accelerator, judged)


def _train_head(
    network: Network, rest: Examples, held_out: Examples, plan: Plan, accelerator: Any
) -> None:
    """Body and head until they gain no more on held-out texts.

    Where none are held out, a fifth of the training texts is, for this phase alone: a head that
    had learnt its texts by heart would leave the rows nothing to learn.
    """
    if not len(held_out):
        rest, held_out = rest.held_out(_PROBE_SHARE, np.random.default_rng(plan.seed))
    own = replace(
        plan,
        head_rate=plan.probe_rate,
        body_rate=plan.probe_rate,
        max_epochs=plan.probe_epochs,
        patience=_PROBE_PATIENCE,
        schedule="constant",
        regularizers=(),
    )
    run = _run(network, rest, held_out, own, REGIMES["frozen"], [], accelerator, None)
    run.go(None, None, progress=False)


def _keeper(
    network: Network,
    examples: Examples,
    plan: Plan,
    regime: Regime,
    names: tuple[str, str],
    processes: int,
) -> Keeper:
    assert plan.keep is not None
    own = {
        k: v for k, v in asdict(replace(plan, regularizers=())).items() if not k.startswith("keep")
    }
    run = {
        "network": names[0],
        "init": names[1],
        "regime": regime.name,
        # Several keep the rows' moments elsewhere than one does: see `LazyRows`.
        "processes": processes,
        **{name: str(value) for name, value in own.items() if name not in ("resume", "device")},
        "regularizers": [_described(each) for each in plan.regularizers],
        "parameters": sum(each.numel() for each in network.parameters()),
        **fingerprint(examples),
    }
    keeper = Keeper(plan.keep, run)
    if not plan.resume:
        keeper.discard()
    return keeper


def _described(regularizer: Regularizer) -> str:
    values = asdict(regularizer)
    return ":".join([regularizer.name, *(f"{value:g}" for value in values.values())])


@contextmanager
def _accelerated(accelerate: Any, plan: Plan) -> Iterator[Any]:
    """accelerate's `Accelerator` for a run.

    accelerate holds to the first device of a process; where this run wants another, that is put by
    and put back behind it, for whoever else uses it.
    """
    cpu = plan.device == "cpu"
    whole, part = accelerate.state.AcceleratorState, accelerate.state.PartialState
    first = part._shared_state
    fits = not first or (first["device"].type == "cpu" if cpu else not first["_cpu"])
    apart = not fits and first["num_processes"] == 1
    held = [(kind, dict(kind._shared_state)) for kind in (whole, part) if apart]
    if apart:
        whole._reset_state(reset_partial_state=True)
    try:
        yield accelerate.Accelerator(cpu=cpu)
    finally:
        for kind, before in held:
            kind._shared_state.clear()
            kind._shared_state.update(before)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw dropout from `seed`, and leave the caller's random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
