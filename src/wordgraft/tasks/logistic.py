"""`logistic`: a linear head that is solved, its strength of regularisation cross-validated."""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import torch

from wordgraft.errors import TrainingError
from wordgraft.extras import require
from wordgraft.networks import Network
from wordgraft.training import RunRecord
from wordgraft.training.batching import inputs_of
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray

# Inverse strengths that are tried, on features of mean 0 and variance 1.
_STRENGTHS = np.logspace(-5, 1, 13)
_FOLDS, _ITERATIONS = 5, 1000
_LIBRARIES = ("wordgraft", "torch", "scikit-learn", "numpy")


def solve(
    network: Network, examples: Examples, *, balanced: bool, multi: bool, seed: int
) -> RunRecord:
    """Set the head of `network` to the logistic regression of its features.

    scikit-learn's `LogisticRegressionCV` chooses C by 5-fold cross-validated macro-F1 (fewer folds
    where a class has fewer texts). Raises `TrainingError` for several labels a text.
    """
    if multi:
        raise TrainingError(
            "body 'logistic' gives one label a text; for several, choose body 'linear' or 'bag'"
        )
    began = time.perf_counter()
    linear_model = require("sklearn.linear_model", purpose="a logistic regression")
    metrics = require("sklearn.metrics", purpose="a logistic regression")
    selection = require("sklearn.model_selection", purpose="a logistic regression")
    with torch.inference_mode():
        features = network.eval().features(inputs_of(examples, torch.device("cpu"))).numpy()
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard, classes = (features - mean) / scale, examples.flat_targets
    folds = min(_FOLDS, int(np.bincount(classes).min()))
    weight = "balanced" if balanced else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        if folds < 2:  # nothing to choose by
            model = linear_model.LogisticRegression(
                C=0.01, class_weight=weight, max_iter=_ITERATIONS
            )
        else:
            model = linear_model.LogisticRegressionCV(
                Cs=_STRENGTHS,
                cv=selection.StratifiedKFold(folds, shuffle=True, random_state=seed),
                scoring=metrics.make_scorer(_macro_f1),
                class_weight=weight,
                max_iter=_ITERATIONS,
            )
        model.fit(standard, classes)
    weights, bias = model.coef_ / scale, model.intercept_ - (model.coef_ / scale) @ mean
    if len(weights) == 1:  # two classes have one row: the logit of the second
        weights, bias = np.stack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    head = network.last_layer
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights))
        head.bias.copy_(torch.from_numpy(bias))
    return RunRecord(
        network="features",
        init="checkpoint",
        regime="frozen",
        seed=seed,
        texts=len(examples),
        held_out=0,
        epochs=1,
        best_epoch=1,
        seconds=time.perf_counter() - began,
        parameters=weights.size + bias.size,
        losses=(),
        held_out_losses=(),
        versions={library: version(library) for library in _LIBRARIES},
    )


def _macro_f1(true: ndarray, predicted: ndarray) -> float:
    metrics = require("sklearn.metrics", purpose="a logistic regression")
    return float(metrics.f1_score(true, predicted, average="macro", zero_division=0))
