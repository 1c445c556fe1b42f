"""How predictions are scored: counts for each text, from whose sums the score of any texts follows.

That makes a bootstrap cheap, as the counts of a draw of texts are a weighted sum. To add a task,
write a class with the attributes of `Scorer` and enter it in `SCORERS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from wordgraft.comparison.tag_scoring import TagScorer
from wordgraft.data.validation import checked_labels, checked_texts
from wordgraft.metrics.counts import LabelScore, accuracy, macro_f1, scores_by_label

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


class Scorer(Protocol):
    """Scores the predictions of one task over known labels.

    Attributes:
        metric: the name of the score.
        fewest_labels: how many different labels the training texts need at least.
        names: the labels, sorted; records store predictions as places in it.
    """

    metric: ClassVar[str]
    fewest_labels: ClassVar[int]
    names: tuple[str, ...]

    def __init__(self, labels: Sequence[Any]) -> None: ...

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        """Texts and labels in the form that the task takes. Raises `DataError`."""

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        """How often each label occurs, the most frequent first."""

    def strata(self, labels: Sequence[Any]) -> ndarray:
        """A number for each text; samples take their share of each number."""

    def coded(self, labels: Sequence[Any]) -> list[Any]:
        """Labels as places in `names`, ready for JSON."""

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        """The counts of each text, which add up; both sides are coded."""

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        """The score of summed counts, from 0 to 1."""

    def accuracy(self, sums: Float[ndarray, " n"]) -> float | None:
        """The share of texts with the right label; None where that says nothing."""

    def by_label(self, sums: Float[ndarray, " n"]) -> list[LabelScore]:
        """The scores of each label."""

    def written(self, coded: Any, text: Any) -> str:
        """The coded prediction for one text, for people to read."""

    def guesses(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        rng: np.random.Generator,
        draws: int,
    ) -> Float[ndarray, " draws"]:
        """Scores of the same predictions assigned to the texts at random."""


class ClassScorer:
    """One label for each text: macro-F1, the mean F1 of the labels that are true or predicted.

    Example:
        >>> scorer = ClassScorer(["calm", "rain"])
        >>> true, predicted = scorer.coded(["calm", "rain"]), scorer.coded(["calm", "calm"])
        >>> round(float(scorer.score(scorer.counts(true, predicted).sum(axis=0))), 3)
        0.333
    """

    metric = "macro-F1"
    fewest_labels = 2

    def __init__(self, labels: Sequence[Any]) -> None:
        self.names = tuple(sorted(set(labels)))

    @cached_property
    def _place_of_label(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        del what  # the messages of these checks name the place
        return checked_texts(texts), [str(label) for label in checked_labels(labels).tolist()]

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        return dict(Counter(labels).most_common())

    def strata(self, labels: Sequence[Any]) -> ndarray:
        return np.array(self.coded(labels))

    def coded(self, labels: Sequence[Any]) -> list[int]:
        return [self._place_of_label[str(label)] for label in labels]

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        true, guessed = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
        kinds, texts = len(self.names), np.arange(len(truth))
        counts = np.zeros((len(texts), 3, kinds), np.float32)
        counts[texts, 0, true] = 1
        counts[texts, 1, guessed] = 1
        correct = texts[true == guessed]
        counts[correct, 2, true[correct]] = 1
        return counts.reshape(len(texts), 3 * kinds)

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        return macro_f1(sums)

    def accuracy(self, sums: Float[ndarray, " n"]) -> float:
        return accuracy(sums)

    def by_label(self, sums: Float[ndarray, " n"]) -> list[LabelScore]:
        return scores_by_label(self.names, sums)

    def written(self, coded: Any, text: Any) -> str:
        return str(self.names[coded])

    def guesses(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        rng: np.random.Generator,
        draws: int,
    ) -> Float[ndarray, " draws"]:
        counts = [
            self.counts(truth, rng.permutation(np.asarray(predicted)).tolist()).sum(axis=0)
            for _ in range(draws)
        ]
        return self.score(np.array(counts))


SCORERS: dict[str, type[Any]] = {"classify": ClassScorer, "tag": TagScorer}
