"""The settings with the best score on a part of the sample are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fake_methods import Oracle, texts_of

from wordgraft.comparison.methods.trials import best_settings


def test_the_best_of_several_settings() -> None:
    texts, labels = texts_of(200)
    trained: list[int] = []

    def fitted(
        settings: Mapping[str, Any], texts: Sequence[str], labels: Sequence[str], seed: int
    ) -> Oracle:
        assert len(labels) == len(texts)
        trained.append(len(texts))
        return Oracle(settings["share"], seed=seed)

    settings = [{"share": share} for share in (0.4, 0.9, 0.6)]
    assert best_settings(settings, fitted, "classify", texts, labels, 0) == {"share": 0.9}
    assert trained == [160] * 3  # a fifth validates


def test_a_single_trial_and_too_few_labels_take_the_first() -> None:
    def never(*_: Any) -> Oracle:
        raise AssertionError("nothing is to be trained")

    assert best_settings([{"a": 1}], never, "classify", ["x", "y"], ["p", "q"], 0) == {"a": 1}
    settings = [{"a": 1}, {"a": 2}]
    assert best_settings(settings, never, "classify", ["x", "y"], ["p", "q"], 0) == {"a": 1}
