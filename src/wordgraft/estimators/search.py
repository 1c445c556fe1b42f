"""`search`: the best settings of a model, found on a part of its training texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.progress import resume_hint_on_interrupt
from wordgraft.errors import SettingsError
from wordgraft.estimators.resolved import LOGISTIC
from wordgraft.training.regularizers import Regularizer

if TYPE_CHECKING:
    from wordgraft.estimators.base import TextModel
    from wordgraft.training.plan import Plan

_Model = TypeVar("_Model", bound="TextModel")


@dataclass(frozen=True)
class SearchResult(Generic[_Model]):
    """What a search found.

    Attributes:
        model: unfitted, with the best settings.
        settings: those settings, as `set_params` takes them.
        score: of the best trial, on the fifth of the texts that no trial was trained on: macro-F1,
            or entity F1.
        scores: of every trial; NaN if training failed.
    """

    model: _Model
    settings: dict[str, Any]
    score: float
    scores: tuple[float, ...]

    def __str__(self) -> str:
        values = [f"{name.split('__')[-1]} {_shown(v)}" for name, v in self.settings.items()]
        return f"{', '.join(values)}; score {self.score:.3f} on a validation part of a fifth"


def search(
    model: _Model,
    texts: Iterable[Any],
    labels: Iterable[Any],
    *,
    trials: int,
    random_state: int | np.random.RandomState | None = None,
    progress_file: str | Path | None = None,
    progress: bool = False,
    **fit_options: Any,
) -> SearchResult[_Model]:
    """Try settings of a model: its learning rates, and the values of its regularizers.

    Each trial trains on four fifths of the texts and is scored on the others, which are drawn from
    the seed. The first trial is the model as it is. Rates are tried from a quarter to four times
    those of the model, by optuna's tree-structured Parzen estimator.

    >>> model = wg.TextClassifier(table, training=wg.TrainingSettings(epochs=2))
    >>> result = wg.search(model, texts, labels, trials=2, random_state=0)
    >>> sorted(result.settings)
    ['training__head_rate', 'training__rows_rate']
    >>> classifier = result.model.fit(texts, labels)

    Args:
        model: a `TextClassifier` or `SequenceTagger`; it is not changed.
        trials: how many settings to try.
        random_state: of the search; the model's own if None.
        progress_file: the trials are written here, and an interrupted search continues from it.
        progress: show a progress bar on standard error.
        fit_options: what else `fit` takes, such as `unlabelled`.

    Raises what `fit` raises; `SettingsError` for a network that is not trained by gradient descent;
    `TrainingError` if every trial failed; `ProgressError` if the file holds another search; and
    `MissingExtraError` without optuna.
    """
    from wordgraft.training.search import search_plan

    if not isinstance(trials, int | np.integer) or trials < 1:
        raise SettingsError(f"trials is {trials!r}, expected a whole number from 1")
    candidate = _unfitted(model)
    if random_state is not None:
        candidate.set_params(random_state=random_state)
    prepared = candidate.prepare(texts, labels, **fit_options)
    if prepared.resolved.network == LOGISTIC:
        raise SettingsError(
            "network 'logistic' chooses its strength itself, by cross-validation: there is nothing "
            "to search"
        )
    file = None if progress_file is None else Path(progress_file)
    with resume_hint_on_interrupt(file):
        outcome = search_plan(
            prepared.network,
            prepared.examples,
            prepared.plan,
            regime=prepared.resolved.regime,
            trials=trials,
            score=prepared.score,
            progress_file=file,
            progress=progress,
        )
    settings = _settings(outcome.plan, trained=prepared.resolved.regime.trainable_rows)
    best = _unfitted(model).set_params(**settings)
    return SearchResult(best, settings, outcome.score, outcome.scores)


def _unfitted(model: _Model) -> _Model:
    """A copy of a model that is not fitted; its teacher still is."""
    copy: _Model = require("sklearn.base", purpose="a search").clone(model)
    if getattr(model, "teacher", None) is not None:
        copy.set_params(teacher=model.teacher)
    return copy


def _settings(plan: Plan, *, trained: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {"training__head_rate": plan.head_rate}
    if trained:
        settings["training__rows_rate"] = plan.rows_rate
    if plan.regularizers:
        settings["first_layer__regularizer"] = plan.regularizers
    return settings


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2g}"
    shown: list[str] = []
    for regularizer in value:
        assert isinstance(regularizer, Regularizer)
        numbers = vars(regularizer).values()
        shown.append(":".join([regularizer.name, *(f"{number:.3g}" for number in numbers)]))
    return ",".join(shown)
