"""Training: the phases of a regime one after the other, and the record of the run.

`optimizer_run.py` holds one phase: its epochs, and which of them is the best.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from wordgraft.core.run_state import RunState
from wordgraft.core.versions import library_versions
from wordgraft.networks.network import Network
from wordgraft.training.accelerator import accelerator_on, seeded
from wordgraft.training.examples import Examples
from wordgraft.training.head_features import head_on_features, is_worth_storing
from wordgraft.training.inference import ValidationLoss, loss_on
from wordgraft.training.optimizer_run import OptimizerRun
from wordgraft.training.plan import Plan
from wordgraft.training.record import RunRecord
from wordgraft.training.regimes import REGIMES, Regime
from wordgraft.training.regularizers import AppliedRegularizer, Regularizer
from wordgraft.training.run_state import fingerprint, load

# Of the phase in which only the head learns: epochs without improvement before it ends, and the
# share of the validation part.
_HEAD_PATIENCE, _HEAD_VALIDATION_SHARE = 5, 0.2


def train(
    network: Network,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    names: tuple[str, str],
    validation_loss: ValidationLoss | None = None,
    progress: bool = False,
) -> RunRecord:
    """Train `network` in place and leave it with its best weights, on the device it came from.

    Args:
        names: of the network and of the start of its rows, for the record.
        validation_loss: chooses the best epoch; the network's own loss by default.

    If the loss becomes infinite or NaN after the first epoch, the network gets the weights of the
    last good epoch; log and record name the step. Raises `TrainingError` if it happens before,
    `ProgressError` if `plan.progress_folder` holds another run, `OutputError` if the state cannot
    be written there, and `MissingExtraError` without accelerate.
    """
    training, validation = plan.split(examples)
    started = time.perf_counter()
    with accelerator_on(plan.device) as accelerator, seeded(plan.seed):
        description = _description(
            network, examples, plan, regime, names, accelerator.num_processes
        )
        saved = RunState(
            plan.progress_folder, description, resume=plan.resume, save_every=plan.save_every
        )
        state = load(saved)
        applied = [regularizer.apply(network, seed=plan.seed) for regularizer in plan.regularizers]
        device = next(network.parameters()).device
        network.to(accelerator.device)
        if state is not None:
            network.load_state_dict(state.group("start"), strict=False)
        elif regime.head_first:
            _train_head(network, training, validation, plan, accelerator)
        run = _run(
            network, training, validation, plan, regime, applied, accelerator, validation_loss
        )
        run.train(saved, state, progress=progress)
        for regularizer in applied:
            regularizer.end()
    network.to(device).eval()
    return RunRecord(
        network=names[0],
        init=names[1],
        regime=regime.name,
        seed=plan.seed,
        texts=len(training),
        validation_texts=len(validation),
        epochs=len(run.epochs.losses),
        best_epoch=run.epochs.best,
        seconds=time.perf_counter() - started,
        parameters=run.parameters,
        losses=tuple(run.epochs.losses),
        validation_losses=tuple(run.epochs.validation_losses),
        versions=library_versions(),
        regularizers=tuple(_named(regularizer) for regularizer in plan.regularizers),
        padding=run.padding,
        stopped=run.stopped,
        batch_size=plan.batch_size,
        distilled=training.distilled,
    )


def _run(
    network: Network,
    training: Examples,
    validation: Examples,
    plan: Plan,
    regime: Regime,
    regularizers: list[AppliedRegularizer],
    accelerator: Any,
    validation_loss: ValidationLoss | None,
) -> OptimizerRun:
    """The phase in which the rows learn, or in which the head alone learns on stored features."""
    if not regime.trainable_rows and is_worth_storing(network):
        network, (training, validation) = head_on_features(network, training, validation)
    compute = validation_loss or loss_on
    of_epoch = (lambda trained: compute(trained, validation)) if len(validation) else None
    return OptimizerRun(network, training, plan, regime, regularizers, accelerator, of_epoch)


def _train_head(
    network: Network, training: Examples, validation: Examples, plan: Plan, accelerator: Any
) -> None:
    """Train body and head until the validation loss no longer falls.

    Without a validation part, a fifth of the training texts becomes one for this phase: a head
    that had memorized its texts would leave the rows nothing to learn.
    """
    if not len(validation):
        rng = np.random.default_rng(plan.seed)
        training, validation = training.split(_HEAD_VALIDATION_SHARE, rng)
    head_plan = replace(
        plan,
        head_rate=plan.head_only_rate,
        body_rate=plan.head_only_rate,
        epochs=plan.head_only_epochs,
        patience=_HEAD_PATIENCE,
        schedule="constant",
        regularizers=(),
    )
    run = _run(network, training, validation, head_plan, REGIMES["frozen"], [], accelerator, None)
    run.train(RunState(None, {}), None, progress=False)


def _description(
    network: Network,
    examples: Examples,
    plan: Plan,
    regime: Regime,
    names: tuple[str, str],
    processes: int,
) -> dict[str, Any]:
    """What distinguishes this run from others, for its saved state."""
    return {
        "network": names[0],
        "init": names[1],
        "regime": regime.name,
        # Several processes keep the moments of the rows elsewhere than one does: see `LazyRows`.
        "processes": processes,
        **plan.settings(),
        "regularizers": [_named(regularizer) for regularizer in plan.regularizers],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **fingerprint(examples),
    }


def _named(regularizer: Regularizer) -> str:
    return ":".join([regularizer.name, *(f"{value:g}" for value in asdict(regularizer).values())])
