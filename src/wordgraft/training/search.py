"""A search of a regime's few knobs on held-out training data, by optuna."""

from __future__ import annotations

import json
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
from wordgraft.errors import ProgressError, TrainingError
from wordgraft.networks.network import Network
from wordgraft.training.examples import Examples
from wordgraft.training.loop import loss_on, train
from wordgraft.training.plan import Plan
from wordgraft.training.regimes import Regime
from wordgraft.training.regularizers import Regularizer
from wordgraft.training.run_state import fingerprint

_LOG = logging.getLogger(__name__)
# Share of the training texts that judges a trial.
_HELD_OUT = 0.2
# What a rate may be multiplied by: a search around the rates that it was given.
_AROUND = (0.25, 4.0)
# Lowest and highest value of a regularizer to try, and whether to sample on a log scale.
_VALUES: dict[str, tuple[float, float, bool]] = {
    "layer_decay": (0.7, 1.0, False),
    "lora": (4, 32, True),
}


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        plan: the one it was given, with the best knobs.
        score: of the best trial, on held-out training texts.
        scores: of every trial; NaN where training failed.
    """

    plan: Plan
    score: float
    scores: tuple[float, ...]

    def __str__(self) -> str:
        values = [f"{each.name} {_value(each):.3g}" for each in self.plan.regularizers]
        rates = f"rows {self.plan.rows_rate:.2g}, head {self.plan.head_rate:.2g}"
        return f"{', '.join([rates, *values])}; score {self.score:.3f} on a held-out fifth"


def tuned(
    network: Network,
    examples: Examples,
    plan: Plan,
    *,
    regime: Regime,
    trials: int,
    score: Callable[[Network, Examples], float] | None = None,
    keep: Path | None = None,
    progress: bool = False,
) -> Tuned:
    """Try `trials` settings, each on a copy of `network`; the first is `plan` as it stands.

    Searches the rates of rows and head and the value of each regularizer. A fifth of the texts,
    drawn from the plan's seed, scores the trials and trains none of them.

    Args:
        score: how good a trained network is on texts, higher is better; minus the loss by default.
        keep: a file that the trials are written to; a search that was interrupted goes on there.

    Raises `ProgressError` when `keep` holds another search, `TrainingError` when every trial
    failed, and `MissingExtraError` without optuna.
    """
    optuna = require("optuna", purpose="a search of settings")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rest, apart = examples.held_out(_HELD_OUT, np.random.default_rng(plan.seed))
    study = _study(optuna, plan, keep, {"regime": regime.name, **fingerprint(examples)})
    if not study.trials:
        study.enqueue_trial(_as_given(plan, regime))
    judge = score or (lambda each, texts: -loss_on(each, texts))

    def objective(trial: Any) -> float:
        tried = _varied(plan, regime, trial)
        copy = deepcopy(network)
        try:
            train(copy, rest, tried, regime=regime, names=("trial", "trial"))
        except TrainingError as error:
            _LOG.info("trial %d failed: %s", trial.number, error)
            raise optuna.TrialPruned from error
        return judge(copy, apart)

    with progress_bar("searching settings", trials, show=progress) as advance:
        done = [each for each in study.trials if each.state.is_finished()]
        advance(len(done))
        for _ in range(trials - len(done)):
            study.optimize(objective, n_trials=1)
            advance()
    complete = [each for each in study.trials if each.value is not None]
    if not complete:
        raise TrainingError(
            f"all {trials} trials failed; look for very large values in the table, or lower the "
            f"learning rates (rows {plan.rows_rate}, head {plan.head_rate})"
        )
    best = max(complete, key=lambda each: (each.value, -each.number))
    _LOG.info("best of %d trials: %s, score %.4f", len(complete), best.params, best.value)
    finished = [each for each in study.trials if each.state.is_finished()]
    return Tuned(
        _varied(plan, regime, optuna.trial.FixedTrial(best.params)),
        float(best.value),
        tuple(float("nan") if each.value is None else float(each.value) for each in finished),
    )


def _study(optuna: Any, plan: Plan, keep: Path | None, run: dict[str, Any]) -> Any:
    storage = None
    if keep is not None:
        journal = optuna.storages.journal
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.JournalStorage(journal.JournalFileBackend(str(keep)))
    study = optuna.create_study(
        storage=storage,
        study_name="wordgraft",
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=plan.seed),
        load_if_exists=True,
    )
    own = json.loads(json.dumps({**run, "plan": _settings(plan)}))
    there = study.user_attrs.get("run")
    if there is None:
        study.set_user_attr("run", own)
    elif there != own:
        differing = [key for key in own if there.get(key) != own[key]]
        raise ProgressError(
            f"{keep} holds the trials of another search: {', '.join(differing)} differ; delete the "
            "file, or go on with what it was begun with"
        )
    return study


def _settings(plan: Plan) -> dict[str, str]:
    left_out = ("keep", "keep_every", "resume", "device")
    return {
        each.name: str(getattr(plan, each.name))
        for each in fields(plan)
        if each.name not in left_out
    }


def _as_given(plan: Plan, regime: Regime) -> dict[str, float]:
    given = {"head_rate": plan.head_rate}
    if regime.trainable_rows:
        given["rows_rate"] = plan.rows_rate
    for regularizer in plan.regularizers:
        given[regularizer.name] = _value(regularizer)
    return given


def _value(regularizer: Regularizer) -> Any:
    return getattr(regularizer, fields(regularizer)[0].name)


def _varied(plan: Plan, regime: Regime, trial: Any) -> Plan:
    low, high = _AROUND
    head = trial.suggest_float("head_rate", plan.head_rate * low, plan.head_rate * high, log=True)
    rows = plan.rows_rate
    if regime.trainable_rows:
        rows = trial.suggest_float("rows_rate", rows * low, rows * high, log=True)
    regularizers = tuple(_varied_regularizer(each, trial) for each in plan.regularizers)
    return replace(plan, head_rate=head, rows_rate=rows, regularizers=regularizers, keep=None)


def _varied_regularizer(regularizer: Regularizer, trial: Any) -> Regularizer:
    name, value = regularizer.name, _value(regularizer)
    low, high, log = _VALUES[name]
    low, high = min(low, value), max(high, value)
    whole = isinstance(value, int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    found = suggest(name, int(low) if whole else low, int(high) if whole else high, log=log)
    return replace(regularizer, **{fields(regularizer)[0].name: found})
