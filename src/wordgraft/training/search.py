"""Hyper-parameter search with optuna: learning rates and regularizer values."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.progress import progress_bar
from wordgraft.core.run_state import check_same_run
from wordgraft.errors import TrainingError
from wordgraft.networks.network import Network
from wordgraft.training.examples import Examples
from wordgraft.training.inference import loss_on
from wordgraft.training.loop import train
from wordgraft.training.plan import Plan
from wordgraft.training.regimes import Regime
from wordgraft.training.regularizers import Regularizer
from wordgraft.training.run_state import fingerprint

_LOG = logging.getLogger(__name__)
# Share of the training texts on which trials are scored.
_VALIDATION_SHARE = 0.2
# Learning rates are tried between these multiples of the given ones.
_AROUND = (0.25, 4.0)
# Lowest and highest value of a regularizer to try, and whether to sample on a log scale.
_VALUES: dict[str, tuple[float, float, bool]] = {
    "layer_decay": (0.7, 1.0, False),
    "l2sp": (1e-3, 1e-1, True),
    "lora": (4, 32, True),
}


@dataclass(frozen=True)
class BestPlan:
    """The outcome of a search.

    Attributes:
        plan: the given plan with the best settings.
        score: of the best trial, on the validation part.
        scores: of every trial; NaN if its training failed.
    """

    plan: Plan
    score: float
    scores: tuple[float, ...]

    def __str__(self) -> str:
        values = [
            f"{regularizer.name} {_value(regularizer):.3g}"
            for regularizer in self.plan.regularizers
        ]
        rates = f"rows {self.plan.rows_rate:.2g}, head {self.plan.head_rate:.2g}"
        return f"{', '.join([rates, *values])}; score {self.score:.3f} on a fifth of the texts"


def search_plan(
    network: Network,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    trials: int,
    score: Callable[[Network, Examples], float] | None = None,
    progress_file: Path | None = None,
    progress: bool = False,
) -> BestPlan:
    """Try `trials` settings, each on a copy of `network`; the first is `plan` itself.

    Searches the learning rates of rows and head and the value of each regularizer. A fifth of the
    texts, drawn from the plan's seed, scores the trials and trains none of them.

    Args:
        score: how good a trained network is on texts; higher is better. Minus the loss by default.
        progress_file: records the trials; an interrupted search resumes from it.

    Raises `ProgressError` if the file holds another search, `TrainingError` if every trial failed,
    and `MissingExtraError` without optuna.
    """
    optuna = require("optuna", purpose="a hyper-parameter search")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rng = np.random.default_rng(plan.seed)
    training, validation = examples.split(_VALIDATION_SHARE, rng)
    study = _study(optuna, plan, progress_file, {"regime": regime.name, **fingerprint(examples)})
    if not study.trials:
        study.enqueue_trial(_given(plan, regime))
    score = score or (lambda trained, texts: -loss_on(trained, texts))

    def objective(trial: Any) -> float:
        trial_plan = _suggested(plan, regime, trial)
        trained = deepcopy(network)
        try:
            train(trained, training, trial_plan, regime=regime, names=("trial", "trial"))
        except TrainingError as error:
            _LOG.info("trial %d failed: %s", trial.number, error)
            raise optuna.TrialPruned from error
        return score(trained, validation)

    with progress_bar("searching settings", trials, show=progress) as advance:
        done = len(_finished(study))
        advance(done)
        for _ in range(trials - done):
            study.optimize(objective, n_trials=1)
            advance()
    complete = [trial for trial in study.trials if trial.value is not None]
    if not complete:
        raise TrainingError(
            f"all {trials} trials failed; look for very large values in the table, or lower the "
            f"learning rates (rows {plan.rows_rate}, head {plan.head_rate})"
        )
    best = max(complete, key=lambda trial: (trial.value, -trial.number))
    _LOG.info("best of %d trials: %s, score %.4f", len(complete), best.params, best.value)
    values = [trial.value for trial in _finished(study)]
    return BestPlan(
        _suggested(plan, regime, optuna.trial.FixedTrial(best.params)),
        float(best.value),
        tuple(float("nan") if value is None else float(value) for value in values),
    )


def _finished(study: Any) -> list[Any]:
    return [trial for trial in study.trials if trial.state.is_finished()]


def _study(optuna: Any, plan: Plan, progress_file: Path | None, run: dict[str, Any]) -> Any:
    storage = None
    if progress_file is not None:
        journal = optuna.storages.journal
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            backend = journal.JournalFileBackend(str(progress_file))
            storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(
        storage=storage,
        study_name="wordgraft",
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=plan.seed),
        load_if_exists=True,
    )
    description = {**run, **plan.settings()}
    saved = study.user_attrs.get("run")
    if saved is None:
        study.set_user_attr("run", description)
    elif progress_file is not None:
        check_same_run(saved, description, place=progress_file, start_over="another file")
    return study


def _given(plan: Plan, regime: Regime) -> dict[str, float]:
    given = {"head_rate": plan.head_rate}
    if regime.trainable_rows:
        given["rows_rate"] = plan.rows_rate
    for regularizer in plan.regularizers:
        given[regularizer.name] = _value(regularizer)
    return given


def _value(regularizer: Regularizer) -> Any:
    return getattr(regularizer, fields(regularizer)[0].name)


def _suggested(plan: Plan, regime: Regime, trial: Any) -> Plan:
    low, high = _AROUND
    head = trial.suggest_float("head_rate", plan.head_rate * low, plan.head_rate * high, log=True)
    rows = plan.rows_rate
    if regime.trainable_rows:
        rows = trial.suggest_float("rows_rate", rows * low, rows * high, log=True)
    regularizers = tuple(
        _suggested_regularizer(regularizer, trial) for regularizer in plan.regularizers
    )
    return replace(
        plan, head_rate=head, rows_rate=rows, regularizers=regularizers, progress_folder=None
    )


def _suggested_regularizer(regularizer: Regularizer, trial: Any) -> Regularizer:
    name, value = regularizer.name, _value(regularizer)
    low, high, log = _VALUES[name]
    low, high = min(low, value), max(high, value)
    whole = isinstance(value, int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    suggested = suggest(name, int(low) if whole else low, int(high) if whole else high, log=log)
    return replace(regularizer, **{fields(regularizer)[0].name: suggested})
