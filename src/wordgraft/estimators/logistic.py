"""Network `logistic`: a linear head that is solved, with a cross-validated regularization."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.core.optional import require
from wordgraft.core.versions import library_versions
from wordgraft.errors import TrainingError
from wordgraft.networks.network import Network
from wordgraft.training.batching import inputs_of
from wordgraft.training.examples import Examples
from wordgraft.training.record import RunRecord

if TYPE_CHECKING:
    from numpy import ndarray

# Inverse regularization strengths to try, on features of mean 0 and variance 1.
_STRENGTHS = np.logspace(-5, 1, 13)
_FOLDS, _ITERATIONS = 5, 1000
# With so many texts, the search ends after so many strengths without improvement. With few texts
# scores fluctuate, and the search is short anyway.
_PATIENCE, _MANY = 3, 1_000
# The strength if there are too few texts to choose one.
_FALLBACK = 0.01


def solve(
    network: Network, examples: Examples, *, balanced: bool, multi: bool, seed: int
) -> RunRecord:
    """Set the head of `network` to the logistic regression of its features.

    C is chosen by 5-fold cross-validated macro-F1 (fewer folds if a class has fewer texts).

    Args:
        balanced: weight each class by the inverse of its share.
        multi: whether a text may have several labels.

    Raises `TrainingError` for several labels per text.
    """
    if multi:
        raise TrainingError(
            "network 'logistic' gives one label per text; for several, choose network 'linear' or "
            "'bag'"
        )
    began = time.perf_counter()
    with torch.inference_mode():
        features = network.eval().features(inputs_of(examples, torch.device("cpu"))).numpy()
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard, classes = (features - mean) / scale, examples.flat_targets
    with warnings.catch_warnings():
        # In float32 its last steps may find no lower loss: it has converged, and was not cut off.
        warning = require("sklearn.exceptions", purpose="a logistic regression").ConvergenceWarning
        warnings.filterwarnings("ignore", "lbfgs failed to converge after .*status=2", warning)
        model = _chosen(standard, classes, "balanced" if balanced else None, seed)
    weights, bias = model.coef_ / scale, model.intercept_ - (model.coef_ / scale) @ mean
    if len(weights) == 1:  # for two classes, the one row is the logit of the second
        weights, bias = np.stack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    head = network.last_layer
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights))
        head.bias.copy_(torch.from_numpy(bias))
    return RunRecord(
        network="logistic",
        init="checkpoint",
        regime="frozen",
        seed=seed,
        texts=len(examples),
        validation_texts=0,
        epochs=1,
        best_epoch=1,
        seconds=time.perf_counter() - began,
        parameters=weights.size + bias.size,
        losses=(),
        validation_losses=(),
        versions=library_versions(),
    )


def _chosen(features: ndarray, classes: ndarray, weight: str | None, seed: int) -> Any:
    """scikit-learn's logistic regression on all texts, with the best strength.

    Beginning with the strongest regularization, each fold starts from its last solution, until
    macro-F1 stops improving: the weakest take longest and are never the best (a quarter of the time
    of `LogisticRegressionCV` on 2,136 tweets, and the same C).
    """
    regression = require("sklearn.linear_model", purpose="a logistic regression").LogisticRegression
    selection = require("sklearn.model_selection", purpose="a logistic regression")
    options = {"class_weight": weight, "max_iter": _ITERATIONS}
    folds = min(_FOLDS, int(np.bincount(classes).min()))
    if folds < 2:  # too few texts to choose
        return regression(C=_FALLBACK, **options).fit(features, classes)
    splitter = selection.StratifiedKFold(folds, shuffle=True, random_state=seed)
    parts = [
        (regression(warm_start=True, **options), *rows)
        for rows in splitter.split(features, classes)
    ]
    scores: list[float] = []
    for strength in _STRENGTHS:
        of_folds = []
        for model, training, validation in parts:
            model.set_params(C=strength).fit(features[training], classes[training])
            of_folds.append(_macro_f1(classes[validation], model.predict(features[validation])))
        scores.append(float(np.mean(of_folds)))
        if len(classes) >= _MANY and max(scores[-_PATIENCE:]) < max(scores):
            break
    return regression(C=_STRENGTHS[int(np.argmax(scores))], **options).fit(features, classes)


def _macro_f1(true: ndarray, predicted: ndarray) -> float:
    metrics = require("sklearn.metrics", purpose="a logistic regression")
    return float(metrics.f1_score(true, predicted, average="macro", zero_division=0))
