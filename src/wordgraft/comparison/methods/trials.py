"""Choosing among the settings that a method tries in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wordgraft.comparison.methods.protocol import Predictor
from wordgraft.comparison.scoring import SCORERS
from wordgraft.comparison.splits import spread_out

# A method chooses its settings on a fifth of its sample.
_TRIAL_SHARE = 5


def best_settings(
    settings: Sequence[Mapping[str, Any]],
    fitted: Callable[[Mapping[str, Any], Sequence[Any], Sequence[Any], int], Predictor],
    task: str,
    texts: Sequence[Any],
    labels: Sequence[Any],
    seed: int,
) -> Mapping[str, Any]:
    """The settings with the best score on a fifth of the sample, trained on the rest of it."""
    if len(settings) == 1:
        return settings[0]
    scorer = SCORERS[task](labels)
    order = spread_out(scorer.strata(labels), np.random.default_rng([seed, 2]))
    is_validation = np.zeros(len(order), bool)
    is_validation[order[_TRIAL_SHARE - 1 :: _TRIAL_SHARE]] = True
    training, validation = (
        np.flatnonzero(mask).tolist() for mask in (~is_validation, is_validation)
    )
    training_labels = [labels[i] for i in training]
    if not validation or len(scorer.label_counts(training_labels)) < scorer.fewest_labels:
        return settings[0]
    truth = scorer.coded([labels[i] for i in validation])
    scores = []
    for trial in settings:
        model = fitted(trial, [texts[i] for i in training], training_labels, seed)
        predicted = scorer.coded(list(model.predict([texts[i] for i in validation])))
        scores.append(float(scorer.score(scorer.counts(truth, predicted).sum(axis=0))))
    return settings[int(np.argmax(scores))]
