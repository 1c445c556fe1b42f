"""scikit-learn's own checks of estimators, on every estimator.

The checks fit matrices of numbers, and estimators here read texts: each number becomes a word for
its column and its rounded value. The checks that cannot hold are listed with their reason; all
others must pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data
from tables import table_of

import wordgraft as wg

HIGHEST, COLUMNS = 8, 12
NUMBERS = [str(value) for value in range(-HIGHEST, HIGHEST + 1)]
WORDS = [f"x{column}{number.replace('-', 'n')}" for column in range(COLUMNS) for number in NUMBERS]
TABLE = table_of(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 16)) * 0.3)
TRAINING = wg.TrainingSettings(epochs=30, head_rate=1e-2, device="cpu")
ARRAY_API = "it is run only where SCIPY_ARRAY_API is set"
CANNOT_HOLD: dict[str, dict[str, str]] = {
    "Classifier": {
        "check_array_api_input": ARRAY_API,
        "check_class_weight_classifiers": "class_weight is balanced or None, and not a mapping",
        "check_classifier_data_not_an_array": "labels are read one by one, which its y forbids",
        "check_classifiers_regression_target": "the message says fractions, and not continuous",
        "check_fit2d_1sample": "the message says how many classes are needed, not how many texts",
        "check_supervised_y_2d": "a matrix of labels means several labels a text",
    },
    "Tagger": {"check_array_api_input": ARRAY_API},
    "Vectors": {
        "check_array_api_input": ARRAY_API,
        "check_transformer_preserve_dtypes": "vectors are float32, whatever the texts are",
    },
}


class _OnNumbers:
    """Reads a matrix as texts; scikit-learn skips all checks of estimators that read none."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags

    def sentences(self, matrix: Any, *, reset: bool) -> list[list[str]]:
        values = np.asarray(validate_data(self, matrix, reset=reset), float)
        rounded = np.clip(np.round(2 * values), -HIGHEST, HIGHEST).astype(int) + HIGHEST
        return [
            [WORDS[column % COLUMNS * len(NUMBERS) + place] for column, place in enumerate(row)]
            for row in rounded
        ]

    def texts(self, matrix: Any, *, reset: bool) -> list[str]:
        return [" ".join(words) for words in self.sentences(matrix, reset=reset)]


class Classifier(_OnNumbers, wg.TextClassifier):
    def fit(self, X: Any, y: Any) -> Self:  # type: ignore[override]  # noqa: N803
        return super().fit(self.texts(X, reset=True), y)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(self.texts(X, reset=False))


class Tagger(_OnNumbers, wg.SequenceTagger):
    """Every word of a row is tagged with the row's target, as an entity of its own."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        sentences = self.sentences(X, reset=True)
        tags = [[f"B-{target}"] * len(words) for target, words in zip(y, sentences, strict=True)]
        return super().fit(sentences, tags)

    def predict(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        tags = super().predict(self.sentences(X, reset=False))
        return np.array([self.tags_.index(of_row[0]) for of_row in tags])

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        return float(len(self.predict(X)) == len(y))


class Vectors(_OnNumbers, wg.TextVectors):
    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        return super().fit(self.texts(X, reset=True), y)

    def transform(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().transform(self.texts(X, reset=False))


@parametrize_with_checks(
    [
        Classifier(TABLE, training=TRAINING, random_state=0),
        Tagger(TABLE, network="cnn", hidden=16, training=TRAINING, random_state=0),
        Vectors(TABLE),
    ],
    expected_failed_checks=lambda estimator: CANNOT_HOLD[type(estimator).__name__],
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore")
def test_estimators_pass_scikit_learns_checks(estimator: Any, check: Callable[..., None]) -> None:
    check(estimator)
