"""From counts to scores: how often each label is true, predicted, and predicted correctly.

Counts add up, so the score of any selection of texts follows from the sum of their counts. That
makes a bootstrap cheap (`wordgraft.metrics.bootstrap`). An array of counts holds, for `k` labels,
`3 * k` numbers: true, predicted and correct, each by label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


class LabelScore(NamedTuple):
    """The scores of one label, from 0 to 1; `support` is how often the label is true."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


def scores_by_label(
    names: Sequence[object], counts: Float[ndarray, " three_labels"]
) -> list[LabelScore]:
    """The scores of each label; a share of nothing is 0.

    Example:
        >>> import numpy as np
        >>> scores_by_label(["calm", "rain"], np.array([4.0, 2.0, 5.0, 1.0, 4.0, 1.0]))[1]
        LabelScore(label='rain', precision=1.0, recall=0.5, f1=0.6666666666666666, support=2)
    """
    true, predicted, correct = counts.reshape(3, -1)
    return [
        LabelScore(
            str(name),
            float(correct[i] / max(predicted[i], 1)),
            float(correct[i] / max(true[i], 1)),
            float(2 * correct[i] / max(true[i] + predicted[i], 1)),
            int(true[i]),
        )
        for i, name in enumerate(names)
    ]


def macro_f1(counts: Float[ndarray, "*draws three_labels"]) -> Float[ndarray, "*draws"]:
    """The mean F1 of the labels that are true or predicted at least once; 0 without any.

    Example:
        >>> import numpy as np
        >>> float(macro_f1(np.array([4.0, 2.0, 5.0, 1.0, 4.0, 1.0])).round(3))
        0.778
    """
    true, predicted, correct = np.moveaxis(counts.reshape(*counts.shape[:-1], 3, -1), -2, 0)
    either = true + predicted
    f1 = np.divide(2 * correct, either, out=np.zeros_like(correct), where=either > 0)
    scores: Float[ndarray, "*draws"] = f1.sum(-1) / np.maximum((either > 0).sum(-1), 1)
    return scores


def micro_f1(counts: Float[ndarray, "*draws three_labels"]) -> Float[ndarray, "*draws"]:
    """F1 over all labels together; 0 where nothing is true or predicted.

    Example:
        >>> import numpy as np
        >>> float(micro_f1(np.array([4.0, 2.0, 5.0, 1.0, 4.0, 1.0])).round(3))
        0.833
    """
    totals = counts.reshape(*counts.shape[:-1], 3, -1).sum(-1)
    true, predicted, correct = np.moveaxis(totals, -1, 0)
    either = true + predicted
    scores: Float[ndarray, "*draws"] = np.divide(
        2 * correct, either, out=np.zeros_like(correct, np.float64), where=either > 0
    )
    return scores


def accuracy(counts: Float[ndarray, " three_labels"]) -> float:
    """The share of texts with the right label, where each text has one; 0 without texts."""
    true, _, correct = counts.reshape(3, -1)
    return float(correct.sum() / max(true.sum(), 1))
