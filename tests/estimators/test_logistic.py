"""The logistic regression on frozen features, beside scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from weather_texts import LABELS as Y
from weather_texts import TEXTS as X
from weather_texts import frozen

from wordgraft.errors import TrainingError


def test_a_logistic_regression_on_frozen_features_is_scikit_learns(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    fitted = frozen(tiny_checkpoint("bert"), class_weight=None).fit(X, Y)
    assert fitted.score(X, Y) > 0.95
    network = fitted.network_
    read = fitted.layer_.read(X)
    vectors = np.asarray(read.rows.stored[read.ids.ids], np.float32)[:, 0]
    logits = vectors @ network.head.linear.weight.detach().numpy().T
    logits += network.head.linear.bias.detach().numpy()
    assert_array_equal(fitted.classes_[logits.argmax(axis=1)], fitted.predict(X))
    scaled = (vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) + 1e-6)
    by_hand = [
        LogisticRegression(C=c, max_iter=1000).fit(scaled, Y) for c in np.logspace(-5, 1, 13)
    ]
    closest = min(
        np.abs(each.predict_proba(scaled) - fitted.predict_proba(X)).max() for each in by_hand
    )
    assert closest < 1e-3


def test_logistic_gives_one_label_a_text(tiny_checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(TrainingError, match="choose network 'linear' or 'bag'"):
        frozen(tiny_checkpoint("bert")).fit(X, [[label] for label in Y])
