"""The baseline: TF-IDF with a logistic regression."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wordgraft.comparison.methods.protocol import Fitted
from wordgraft.comparison.methods.trials import best_settings
from wordgraft.core.optional import require


@dataclass(frozen=True)
class TfIdfMethod:
    """TF-IDF of words and word pairs with a logistic regression: the baseline."""

    # Macro-F1 on other tweets with 134, 534 and 2,136 to train on, mean of 5 seeds:
    # 10: 0.455 0.563 0.690; 1: 0.462 0.568 0.673; 100: 0.453 0.557 0.689 (spread 0.01 to 0.03).
    strengths: tuple[float, ...] = (10.0, 1.0, 100.0)

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        tried = [{"C": strength} for strength in self.strengths[:trials]]
        settings = best_settings(tried, self._fitted, "classify", texts, labels, seed)
        model = self._fitted(settings, texts, labels, seed)
        regression = model[-1]
        return Fitted(
            model,
            int(regression.coef_.size + regression.intercept_.size),
            lambda: len(pickle.dumps(model)),
            settings,
        )

    def _fitted(
        self, settings: Mapping[str, Any], texts: Sequence[Any], labels: Sequence[Any], seed: int
    ) -> Any:
        del seed  # nothing is drawn
        return _tf_idf(settings["C"]).fit(texts, labels)


def _tf_idf(strength: float) -> Any:
    text = require("sklearn.feature_extraction.text", purpose="the method 'tfidf'")
    linear = require("sklearn.linear_model", purpose="the method 'tfidf'")
    pipeline = require("sklearn.pipeline", purpose="the method 'tfidf'")
    # One-letter words and signs count too, so that a text of nothing else is not empty.
    words = text.TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]"
    )
    regression = linear.LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000)
    return pipeline.make_pipeline(words, regression)
