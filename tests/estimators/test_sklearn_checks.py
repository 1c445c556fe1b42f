"""scikit-learn's own checks of estimators, on every estimator.

They fit matrices of numbers, which no estimator of texts reads. Each check that fails for this
reason, or for another one that is named, is listed; all others must pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from tables import random_table

import wordgraft as wg

TABLE = random_table(5, 4)
TRAINING = wg.TrainingSettings(epochs=1)
NUMBERS = "it fits a matrix of numbers, and texts are strings"
MESSAGE = "it expects scikit-learn's message about matrices; wordgraft's is about texts"
CANNOT_HOLD: dict[str, str] = {
    "check_array_api_input": "it fits arrays of the array API, and texts are strings",
    "check_class_weight_classifiers": "class_weight is balanced or None, and not a mapping",
    "check_classifier_data_not_an_array": "it fits an object that only NumPy can read as a matrix",
    "check_classifiers_classes": NUMBERS,
    "check_classifiers_one_label": "a classifier of one class is refused",
    "check_classifiers_regression_target": MESSAGE,
    "check_classifiers_train": NUMBERS,
    "check_complex_data": MESSAGE,
    "check_dict_unchanged": NUMBERS,
    "check_dont_overwrite_parameters": NUMBERS,
    "check_dtype_object": NUMBERS,
    "check_estimator_sparse_array": MESSAGE,
    "check_estimator_sparse_matrix": MESSAGE,
    "check_estimator_sparse_tag": MESSAGE,
    "check_estimators_dtypes": NUMBERS,
    "check_estimators_empty_data_messages": MESSAGE,
    "check_estimators_fit_returns_self": NUMBERS,
    "check_estimators_nan_inf": MESSAGE,
    "check_estimators_overwrite_params": NUMBERS,
    "check_estimators_pickle": NUMBERS,
    "check_f_contiguous_array_estimator": NUMBERS,
    "check_fit2d_1feature": NUMBERS,
    "check_fit2d_1sample": NUMBERS,
    "check_fit2d_predict1d": NUMBERS,
    "check_fit_check_is_fitted": NUMBERS,
    "check_fit_idempotent": NUMBERS,
    "check_fit_score_takes_y": NUMBERS,
    "check_methods_sample_order_invariance": NUMBERS,
    "check_methods_subset_invariance": NUMBERS,
    "check_n_features_in": "a text has no fixed number of features",
    "check_n_features_in_after_fitting": "a text has no fixed number of features",
    "check_pipeline_consistency": NUMBERS,
    "check_positive_only_tag_during_fit": NUMBERS,
    "check_readonly_memmap_input": NUMBERS,
    "check_requires_y_none": MESSAGE,
    "check_supervised_y_2d": NUMBERS,
    "check_transformer_data_not_an_array": NUMBERS,
    "check_transformer_general": NUMBERS,
    "check_transformer_preserve_dtypes": NUMBERS,
}


class _Matrices:
    """An estimator that claims to read matrices; scikit-learn skips all its checks otherwise."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True
        return tags


class Classifier(_Matrices, wg.TextClassifier):
    pass


class Tagger(_Matrices, wg.SequenceTagger):
    pass


class Vectors(_Matrices, wg.TextVectors):
    pass


@parametrize_with_checks(
    [
        Classifier(TABLE, training=TRAINING, random_state=0),
        Tagger(TABLE, training=TRAINING, random_state=0),
        Vectors(TABLE),
    ],
    expected_failed_checks=lambda _: CANNOT_HOLD,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore")
def test_estimators_pass_scikit_learns_checks(estimator: Any, check: Callable[..., None]) -> None:
    check(estimator)
