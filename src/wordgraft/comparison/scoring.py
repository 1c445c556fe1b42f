"""How predictions are scored: numbers per text, from whose sums the score of any texts follows.

That makes a bootstrap cheap: a draw of texts is a weighted sum. To add a task: one class here, one
entry in `JUDGES`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from wordgraft.comparison.tag_scoring import Entities
from wordgraft.data.validation import checked_labels, checked_texts
from wordgraft.metrics.counts import LabelScore, accuracy, macro_f1, scores_by_label

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


class Judge(Protocol):
    """Scores the predictions of one task over known labels.

    Attributes:
        metric: the name of the score.
        fewest_labels: kinds of labels without which there is nothing to learn.
        names: the labels, sorted; records hold predictions as places in it.
    """

    metric: ClassVar[str]
    fewest_labels: ClassVar[int]
    names: tuple[str, ...]

    def __init__(self, labels: Sequence[Any]) -> None: ...

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        """Texts and labels as the task takes them. Raises `DataError`."""

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        """How often each label occurs, the most frequent first."""

    def strata(self, labels: Sequence[Any]) -> ndarray:
        """A number per text; samples take their share of each."""

    def coded(self, labels: Sequence[Any]) -> list[Any]:
        """Labels as places in `names`, ready for JSON."""

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        """Per text, the numbers that add up; both sides coded."""

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        """The score, 0 to 1, of summed counts."""

    def accuracy(self, sums: Float[ndarray, " n"]) -> float | None:
        """The share of texts that are right; None where that says nothing."""

    def by_label(self, sums: Float[ndarray, " n"]) -> list[LabelScore]:
        """Per label its precision, recall, F1 and how often it is true."""

    def written(self, coded: Any, text: Any) -> str:
        """One text's coded answer, for people to read."""

    def guesses(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        rng: np.random.Generator,
        draws: int,
    ) -> Float[ndarray, " draws"]:
        """Scores of the same predictions dealt out to the texts by chance."""


class Classes:
    """One label a text: macro-F1, the mean F1 of the labels that are true or predicted."""

    metric = "macro-F1"
    fewest_labels = 2

    def __init__(self, labels: Sequence[Any]) -> None:
        self.names = tuple(sorted(set(labels)))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        del what  # these checks name the place
        return checked_texts(texts), [str(label) for label in checked_labels(labels).tolist()]

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        return dict(Counter(labels).most_common())

    def strata(self, labels: Sequence[Any]) -> ndarray:
        return np.array(self.coded(labels))

    def coded(self, labels: Sequence[Any]) -> list[int]:
        return [self._place[str(label)] for label in labels]

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        true, said = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
        k, texts = len(self.names), np.arange(len(truth))
        found = np.zeros((len(texts), 3, k), np.float32)
        found[texts, 0, true] = 1
        found[texts, 1, said] = 1
        right = texts[true == said]
        found[right, 2, true[right]] = 1
        return found.reshape(len(texts), 3 * k)

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        return macro_f1(sums)

    def accuracy(self, sums: Float[ndarray, " n"]) -> float:
        """The share of texts with the right label."""
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


JUDGES: dict[str, type[Any]] = {"classify": Classes, "tag": Entities}
